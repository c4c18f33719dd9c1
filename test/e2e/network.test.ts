/**
 * What a tenant's network is: its own, closed until it is opened, true to its addresses, and rebuilt by itself. Two
 * tenants have the same subnet and even the same address: one guest each, one on each host. Probes play the other
 * machines.
 */
import { rm } from 'node:fs/promises'
import { availableParallelism, loadavg } from 'node:os'
import { join } from 'node:path'
import { eventually } from '@caelum/testkit'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import type { Guest } from '../../packages/cli/src/demo/guests.ts'
import type { Probe } from '../../packages/cli/src/demo/probe.ts'
import { execute } from '../../packages/cli/src/setup/execute.ts'
import { activeGuest, Shell, wholeConsole } from './guest.ts'
import { hostBeside, hostNamed, PATIENT, type Scene, startScene, TEST_MS, untilWhole } from './scene.ts'
import {
  createPort,
  openTenancy,
  type PluggedProbe,
  plugProbe,
  portOf,
  showPort,
  type Tenancy,
} from './tenancy.ts'

vi.setConfig({ testTimeout: TEST_MS, hookTimeout: TEST_MS })

/** both tenants' guests have it */
const SAME_IP = '192.168.77.50'
const METADATA = 'wget -q -O - http://169.254.169.254/openstack/latest/meta_data.json'

interface Side {
  tenancy: Tenancy
  guest: Guest
  /** in the default group, on the host that the tenant's guest is not on */
  probe: PluggedProbe
  shell: Shell
}

let scene: Scene
let red: Side
let blue: Side

async function openSide(name: string): Promise<Side> {
  const tenancy = await openTenancy(scene, name)
  const { id: portId } = await createPort(tenancy, { ip: SAME_IP })
  const guest = await activeGuest(scene, tenancy, { name, portId })
  const probe = await plugProbe(scene, tenancy, hostBeside(scene, guest.host).name)
  return { tenancy, guest, probe, shell: new Shell(scene, probe.probe, guest.ip) }
}

beforeAll(async () => {
  scene = await startScene()
  ;[red, blue] = await Promise.all([openSide('red'), openSide('blue')])
  await Promise.all([red.shell.reach(), blue.shell.reach()])
})

afterAll(() => scene?.close())

const pings = (from: Probe, ip: string, ...options: string[]): Promise<boolean> =>
  from.exec(['ping', '-c', '1', '-W', '3', ...options, ip]).then(
    () => true,
    () => false,
  )

/** Whether ssh's port lets us connect. */
const connects = (from: Probe, ip: string): Promise<boolean> =>
  from.exec(['timeout', '2', 'bash', '-c', `</dev/tcp/${ip}/22`]).then(
    () => true,
    () => false,
  )

const besideRed = (): string => hostBeside(scene, red.guest.host).name

test('the guests are on different hosts, and both have the same address', () => {
  expect(red.guest.host).not.toBe(blue.guest.host)
  expect([red.guest.ip, blue.guest.ip]).toEqual([SAME_IP, SAME_IP])
})

test('one address in two networks leads to two guests, each of which knows only itself', async () => {
  for (const side of [red, blue]) {
    expect(await side.shell.run('hostname')).toBe(side.guest.name)
    expect(JSON.parse(await side.shell.run(METADATA))).toMatchObject({
      uuid: side.guest.id,
      project_id: side.tenancy.projectId,
    })
  }
})

test('a tenant does not reach what only the other one has, not even on the same host', async () => {
  // the red probe is on the blue guest's host, so each of the other's addresses is near
  const own = await plugProbe(scene, red.tenancy, besideRed(), { ip: '192.168.77.61' })
  const other = await plugProbe(scene, blue.tenancy, besideRed(), { ip: '192.168.77.62' })
  await eventually(() => pings(red.probe.probe, own.ip), PATIENT)
  await eventually(() => pings(blue.probe.probe, other.ip), PATIENT)
  expect(await pings(red.probe.probe, other.ip)).toBe(false)
  expect(await pings(blue.probe.probe, own.ip)).toBe(false)
  const loss = (ip: string) => red.shell.run(`ping -c 2 -W 3 ${ip} || true`)
  expect(await loss(own.ip)).toContain(' 0% packet loss')
  expect(await loss(other.ip)).toContain(' 100% packet loss')
  for (const { probe } of [own, other]) await probe.unplug()
})

test('a port is DOWN until its host has it, and DOWN again without it', async () => {
  const port = await createPort(red.tenancy)
  expect(port).toMatchObject({ status: 'DOWN' })
  const becomes = (status: string, id = port.id) =>
    eventually(async () => (await showPort(red.tenancy, id)).status === status, PATIENT)
  const guestPort = await portOf(red.tenancy, red.guest.id)
  expect(guestPort.status).toBe('ACTIVE')

  const plugged = await plugProbe(scene, red.tenancy, red.guest.host)
  await becomes('ACTIVE', plugged.port.id)
  // what happens while the service is away is not lost: its status is a fact that is looked up
  await scene.cloud.kill('network')
  await plugged.probe.unplug()
  await untilWhole(scene)
  await becomes('DOWN', plugged.port.id)
  expect(await showPort(red.tenancy, port.id)).toMatchObject({ status: 'DOWN' })
})

/** How much longer everything may take, because others work on this machine as well. */
const busyness = (): number => Math.max(1, loadavg()[0]! / availableParallelism())

test('nothing comes in but from the same group; a rule opens a port within 2 s, and its end closes it', async () => {
  const { session } = red.tenancy
  const { security_group: strangers } = await session.call<{ security_group: { id: string } }>(
    'network',
    'POST',
    '/v2.0/security-groups',
    { security_group: { name: 'strangers' } },
  )
  const stranger = await plugProbe(scene, red.tenancy, besideRed(), { groups: [strangers.id] })
  await eventually(
    () => showPort(red.tenancy, stranger.port.id).then(port => port.status === 'ACTIVE'),
    PATIENT,
  )
  expect(await connects(red.probe.probe, red.guest.ip)).toBe(true)
  expect(await connects(stranger.probe, red.guest.ip)).toBe(false)
  expect(await pings(stranger.probe, red.guest.ip)).toBe(false)

  const [group] = (await portOf(red.tenancy, red.guest.id)).security_groups
  const took = async (change: () => Promise<unknown>, open: boolean): Promise<number> => {
    await change()
    const begun = performance.now()
    await eventually(async () => (await connects(stranger.probe, red.guest.ip)) === open, {
      ...PATIENT,
      every: 10,
    })
    return performance.now() - begun
  }
  let ruleId = ''
  const openingMs = await took(async () => {
    const rule = {
      security_group_id: group,
      direction: 'ingress',
      protocol: 'tcp',
      port_range_min: 22,
      port_range_max: 22,
      remote_ip_prefix: '0.0.0.0/0',
    }
    const answer = await session.call<{ security_group_rule: { id: string } }>(
      'network',
      'POST',
      '/v2.0/security-group-rules',
      { security_group_rule: rule },
    )
    ruleId = answer.security_group_rule.id
  }, true)
  expect(openingMs).toBeLessThan(2_000 * busyness())
  expect(await pings(stranger.probe, red.guest.ip)).toBe(false)
  // a connection that is refused takes its 2 s to be known as such
  const closingMs = await took(() => session.remove('network', `/v2.0/security-group-rules/${ruleId}`), false)
  expect(closingMs).toBeLessThan(4_000 * busyness())
  expect(await connects(red.probe.probe, red.guest.ip)).toBe(true)
  await stranger.probe.unplug()
})

test('a guest that takes another address is not heard', async () => {
  const { shell, probe } = red
  const ping = (from: string) => shell.run(`ping -c 2 -W 3 -I ${from} ${probe.ip} || true`)
  await shell.run('ip address add 192.168.77.222/24 dev eth0')
  expect(await ping('192.168.77.222')).toContain(' 100% packet loss')
  expect(await ping(SAME_IP)).toContain(' 0% packet loss')
  expect(await pings(probe.probe, '192.168.77.222')).toBe(false)
  await shell.run('ip address del 192.168.77.222/24 dev eth0')
})

test('a guest that takes another MAC address is not heard', async () => {
  const { shell, probe, guest, tenancy } = red
  const { mac_address: mac } = await portOf(tenancy, guest.id)
  const script = `spoof() { ip link set eth0 down; ip link set eth0 address $1; ip link set eth0 up; }
    spoof 02:00:00:00:00:99
    echo "as another: $(ping -c 3 -W 3 ${probe.ip} | grep -o '[0-9]*% packet loss')" >/dev/console
    spoof ${mac}
    kill -USR1 $(cat /run/net-eth0/udhcpc.pid) # its lease again, and with it the routes
    echo "as itself: $(ping -c 3 -W 3 ${probe.ip} | grep -o '[0-9]*% packet loss')" >/dev/console`
  await shell.run(`(${script}) </dev/null >/dev/null 2>&1 &`)
  const said = await eventually(
    async () => /as itself: \S+/.exec(await wholeConsole(tenancy.session, guest))?.input,
    PATIENT,
  )
  expect(said).toContain('as another: 100% packet loss')
  expect(said).toContain('as itself: 0% packet loss')
})

test('packets of the MTU pass between hosts, larger ones do not', async () => {
  const { mtu } = red.tenancy.network
  expect(mtu).toBe(1442)
  const payload = mtu - 28
  const whole = (bytes: number) => pings(red.probe.probe, red.guest.ip, '-M', 'do', '-s', String(bytes))
  await eventually(() => whole(payload), PATIENT)
  expect(await whole(payload + 1)).toBe(false)
  expect(await red.shell.run(`ping -c 2 -W 5 -s ${payload} ${red.probe.ip}`)).toContain(' 0% packet loss')
  // as much as a window of TCP full of the largest segments
  expect(await red.shell.run('dd if=/dev/zero bs=1024 count=512 2>/dev/null | tr "\\0" x')).toHaveLength(
    512 * 1024,
  )
})

test('a wiped northbound database of OVN is filled again by itself', async () => {
  const switches = async () =>
    (
      await execute([
        'ovn-nbctl',
        `--db=${scene.ovn.nb}`,
        '--bare',
        '--columns=_uuid',
        'list',
        'Logical_Switch',
      ])
    )
      .split('\n')
      .filter(line => line !== '')
  const before = await switches()
  expect(before).toHaveLength(2)
  await rm(join(scene.cloud.dataDir, 'lab/ovn/nb.db'))
  await scene.cloud.kill('ovn-nb')
  await eventually(async () => {
    const after = await switches()
    expect(after).toHaveLength(before.length)
    expect(before.filter(uuid => after.includes(uuid))).toEqual([])
    return true
  }, PATIENT)
  for (const side of [red, blue]) await lives(side)
})

test("a host's wiped Open vSwitch is filled again by itself, with its running guests", async () => {
  const host = hostNamed(scene, red.guest.host)
  const bridge = () => host.exec(['ovs-vsctl', 'get', 'Bridge', 'br-int', '_uuid'])
  const before = await bridge()
  const boot = await red.shell.bootId()
  await host.exec(['rm', '/run/openvswitch/conf.db'])
  await host.exec(['pkill', '-KILL', '-x', 'ovsdb-server'])
  await eventually(async () => (await bridge()) !== before, PATIENT)
  await lives(red)
  expect(await red.shell.bootId()).toBe(boot)
  await eventually(async () => (await portOf(red.tenancy, red.guest.id)).status === 'ACTIVE', PATIENT)
})

/** The guest is reached, reaches out to the other host, and finds its metadata. */
async function lives({ shell, probe, guest }: Side): Promise<void> {
  await eventually(() => pings(probe.probe, guest.ip), PATIENT)
  await eventually(() => shell.run(`ping -c 3 -W 5 ${probe.ip} >/dev/null && echo yes`), PATIENT)
  await eventually(async () => JSON.parse(await shell.run(METADATA)).uuid === guest.id, PATIENT)
}
