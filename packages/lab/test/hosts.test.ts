import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { run, tryRun } from '../src/command.ts'
import { ensureGuestImage } from '../src/guest-image.ts'
import { type Instance, openInstance } from '../src/instance.ts'
import { LabHost } from '../src/lab-host.ts'
import { processesOf, removeInstance, sweepDeadInstances } from '../src/leftovers.ts'
import { OvnCentral } from '../src/ovn-central.ts'
import { until } from '../src/poll.ts'
import { bootGuest } from './guests.ts'
import { startAll } from './processes.ts'

let dir: string
let instance: Instance
let central: OvnCentral
let first: LabHost
let second: LabHost

beforeAll(async () => {
  await sweepDeadInstances()
  dir = await mkdtemp(join(tmpdir(), 'caelum-lab-'))
  instance = await openInstance(join(dir, 'one'), { ephemeral: true })
  central = new OvnCentral(instance)
  await central.prepare()
  await startAll(central.processes(), dir)
  first = new LabHost(instance, 1)
  second = new LabHost(instance, 2)
  await Promise.all([first.up(), second.up()])
})

afterAll(async () => {
  await removeInstance(instance.id)
  await rm(dir, { recursive: true, force: true })
})

const reaches = async (host: LabHost, address: string) =>
  host.exec(['ping', '-c1', '-W1', address]).then(
    () => true,
    () => false,
  )
const nbctl = (...args: string[]) => run(['ovn-nbctl', `--db=${central.nb}`, '--timeout=10', ...args])
const sbctl = (...args: string[]) => run(['ovn-sbctl', `--db=${central.sb}`, '--timeout=10', ...args])

test('a host sees itself, its neighbours and the control plane, and nothing of the data folder but its own', async () => {
  expect(await first.exec(['hostname'])).toBe('host-1\n')
  expect(await reaches(first, second.ip)).toBe(true)
  expect(await reaches(first, instance.underlay.gateway)).toBe(true)
  expect(await first.exec(['ls', join(instance.dataDir, 'lab')])).toBe('host-1\n')
  expect(await first.exec(['sh', '-c', 'ls /dev/kvm 2>/dev/null || echo none'])).toBe('none\n')
  const ids = await Promise.all(
    [first, second].map(host => host.exec(['cat', '/etc/machine-id', '/etc/libvirt/libvirtd.conf'])),
  )
  expect(ids[0]).not.toBe(ids[1])
})

test('frames of the underlay are answered once, by Open vSwitch and not by the kernel too', async () => {
  expect(await first.exec(['ping', '-c3', '-i0.05', second.ip])).not.toContain('DUP')
})

test('two guests on two hosts get addresses by DHCP and reach each other over the OVN switch', async () => {
  const { path: image } = await ensureGuestImage(join(tmpdir(), 'caelum-guest-images'))
  const options = 'options={server_id=10.0.0.1 server_mac="fa:16:3e:00:00:01" lease_time=3600 mtu=1442}'
  await nbctl('ls-add', 'net', '--', 'set', 'logical_switch', 'net', 'other_config:subnet=10.0.0.0/24')
  const dhcp = (await nbctl('create', 'dhcp_options', 'cidr=10.0.0.0/24', options)).trim()
  for (const n of [1, 2]) {
    const port = `00000000-0000-4000-8000-00000000000${n}`
    await nbctl(
      ...['lsp-add', 'net', port, '--', 'lsp-set-addresses', port, `02:00:00:00:00:0${n} 10.0.0.1${n}`],
      ...['--', 'lsp-set-dhcpv4-options', port, dhcp],
    )
  }
  const script = (peer: string) => `#!/bin/sh
until ping -c1 -W1 -s 1414 10.0.0.1${peer} >/dev/null 2>&1; do sleep 1; done; echo "reached ${peer}"\n`
  const guests = await Promise.all(
    [first, second].map((host, n) =>
      bootGuest({
        ...{ host, image, name: `guest-${n + 1}`, mac: `02:00:00:00:00:0${n + 1}` },
        ...{ portId: `00000000-0000-4000-8000-00000000000${n + 1}`, script: script(n === 0 ? '2' : '1') },
      }),
    ),
  )
  for (const [n, guest] of guests.entries()) {
    await until(
      `guest ${n + 1} done`,
      async () => (await guest.console()).includes('user data ended'),
      240_000,
    )
    const output = await guest.console()
    expect(output).toContain(`network: eth0 10.0.0.1${n + 1}/24 mtu 1442`)
    expect(output).toContain(`reached ${n === 0 ? 2 : 1}`)
    await until('login prompt', async () => (await guest.console()).includes(`guest-${n + 1} login:`), 60_000)
  }
}, 400_000)

test('a host writes to the southbound database only what is its own', async () => {
  const { ca, cert, key } = first.certificate
  await nbctl('--wait=sb', 'ls-add', 'another')
  const asHost = (...args: string[]) =>
    first.exec([
      ...['ovn-sbctl', `--db=ssl:${instance.underlay.gateway}:6642`, '--timeout=5'],
      ...[`--ca-cert=${ca}`, `--certificate=${cert}`, `--private-key=${key}`, ...args],
    ])
  await asHost('set', 'chassis', 'host-1', 'external_ids:test=mine')
  await expect(asHost('set', 'chassis', 'host-2', 'external_ids:test=stolen')).rejects.toThrow(
    /permission error/,
  )
  await expect(asHost('chassis-del', 'host-2')).rejects.toThrow(/permission error/)
  await expect(asHost('--all', 'destroy', 'logical_flow')).rejects.toThrow(/permission error/)
})

test('after a power failure the same host comes back, without what was running on it', async () => {
  const uuid = () =>
    first.exec(['virsh', '-q', 'capabilities']).then(xml => /<uuid>(.*)<\/uuid>/.exec(xml)?.[1])
  const before = await uuid()
  await writeFile(join(first.agentDir, 'kept'), 'on disk')
  const inside = first.spawn(['sleep', '1000'])
  const ended = new Promise(resolve => inside.once('close', resolve))
  await first.kill()
  await ended
  expect((await first.status()).pid).toBe(null)
  expect(await first.kill()).toBe(false)
  await first.up()
  expect(await uuid()).toBe(before)
  expect(await readFile(join(first.agentDir, 'kept'), 'utf8')).toBe('on disk')
  expect(await first.exec(['virsh', '-q', 'list', '--all'])).not.toContain('guest-1')
  expect(await first.exec(['ovs-vsctl', 'list-ports', 'br-phy'])).toBe('ul0\n')
  expect((await sbctl('--bare', '--columns=name', 'list', 'chassis')).match(/\S+/g)?.sort()).toEqual([
    'host-1',
    'host-2',
  ])
})

test('a second start finds the running host instead of booting another', async () => {
  const pid = await second.pid()
  await second.up()
  expect(await second.pid()).toBe(pid)
})

test('a cut host is unreachable and comes back when joined', async () => {
  await second.cut()
  expect((await second.status()).uplink).toBe('cut')
  expect(await reaches(first, second.ip)).toBe(false)
  await second.join()
  await until('host-2 reachable', () => reaches(first, second.ip), 10_000)
})

test('a signal to the handle of a process inside reaches the process', async () => {
  const child = first.spawn([
    'sh',
    '-c',
    'trap "echo stopping; exit 7" TERM; echo ready; while :; do sleep 0.05; done',
  ])
  let output = ''
  child.stdout!.setEncoding('utf8').on('data', chunk => {
    output += chunk
  })
  await until('it runs', async () => output.includes('ready'), 5_000)
  child.kill('SIGTERM')
  const code = await new Promise(resolve => child.once('close', resolve))
  expect(output).toContain('stopping')
  expect(code).toBe(7)
})

test('a wiped Open vSwitch database comes right by itself', async () => {
  await second.exec([
    'sh',
    '-c',
    'rm /run/openvswitch/conf.db; kill -9 $(cat /run/openvswitch/ovsdb-server.pid)',
  ])
  const configured = async () => {
    const bridges = await second.exec(['ovs-vsctl', '--timeout=1', 'list-br']).catch(() => '')
    return (
      bridges === 'br-int\nbr-phy\n' && (await reaches(second, first.ip)) && (await second.process().ready())
    )
  }
  await until('bridges and chassis back', configured, 15_000)
})

test('a second instance lives beside the first and leaves nothing when it goes', async () => {
  const other = await openInstance(join(dir, 'two'), { ephemeral: true })
  expect(other.underlay.prefix).not.toBe(instance.underlay.prefix)
  const otherCentral = new OvnCentral(other)
  await otherCentral.prepare()
  await startAll(otherCentral.processes(), join(dir, 'two'))
  const host = new LabHost(other, 1)
  await host.up()
  expect(await host.pid()).not.toBe(await first.pid())
  expect(await reaches(host, other.underlay.gateway)).toBe(true)

  await host.down()
  expect(await traces(other.id)).toEqual([other.underlay.bridge, `cgroup caelum-${other.id}`, other.runDir])
  await removeInstance(other.id)
  expect(await traces(other.id)).toEqual([])
  expect(await processesOf(other)).toEqual([])
  expect((await first.status()).ovn).toBe(true)
})

test('an instance that runs under another /run is left alone', async () => {
  const record = join(instance.runDir, 'instance.json')
  const text = await readFile(record, 'utf8')
  await rm(record)
  try {
    expect(await sweepDeadInstances()).not.toContain(instance.id)
  } finally {
    await writeFile(record, text)
  }
  expect((await first.status()).ovn).toBe(true)
})

test('a dead instance is swept, a living one is not', async () => {
  const instances = join(import.meta.dirname, '../src/instance.ts')
  const underlay = join(import.meta.dirname, '../src/underlay.ts')
  const program = `
    const { openInstance } = await import(${JSON.stringify(instances)})
    const { ensureUnderlay } = await import(${JSON.stringify(underlay)})
    const { spawn } = await import('node:child_process')
    const instance = await openInstance(${JSON.stringify(join(dir, 'dead'))}, { ephemeral: true })
    await ensureUnderlay(instance)
    spawn('sleep', ['1000'], { detached: true, stdio: 'ignore', env: { CAELUM_INSTANCE: instance.id } }).unref()
    console.log(instance.id)`
  const id = (await run([process.execPath, '--input-type=module', '-e', program])).trim()
  expect(await traces(id)).toHaveLength(2)
  expect(await sweepDeadInstances()).toContain(id)
  expect(await traces(id)).toEqual([])
  expect(await processesOf({ id })).toEqual([])
  expect((await first.status()).ovn).toBe(true)
})

/** What the machine has of an instance, apart from its data folder. */
async function traces(id: string): Promise<string[]> {
  const links = (await readdir('/sys/class/net')).filter(name => name.startsWith(`cl${id}`))
  const groups = await tryRun([
    'sh',
    '-c',
    `ls -d /sys/fs/cgroup/*/caelum-${id} 2>/dev/null | xargs -rn1 basename | sort -u`,
  ])
  const run = await stat(`/run/caelum-${id}`).then(
    () => [`/run/caelum-${id}`],
    () => [],
  )
  return [
    ...links,
    ...(groups ?? '')
      .split('\n')
      .filter(Boolean)
      .map(name => `cgroup ${name}`),
    ...run,
  ]
}
