/**
 * Runs in network, mount and PID namespaces of its own (see ovn-network.test.ts): a host with a real Open vSwitch on the
 * userspace datapath and one guest. Prints one line per step that held; ends with an error at the first that did not.
 */
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { existsSync, mkdirSync, rmSync } from 'node:fs'
import { silentLogger } from '@caelum/kernel'
import { eventually } from '@caelum/testkit'
import { Directory } from '../../src/metadata/directory.ts'
import { MetadataServer } from '../../src/metadata/server.ts'
import { deviceOf, namespaceOf, tapOf } from '../../src/network/names.ts'
import { OvnNetwork } from '../../src/network/ovn-network.ts'
import { run } from '../../src/network/run.ts'
import { wantedNic, wantedVm } from '../factory.ts'

const RUN = '/run/openvswitch'
const ovs = {
  OVS_RUNDIR: RUN,
  OVS_LOGDIR: RUN,
  OVS_DBDIR: RUN,
  OVS_SYSCONFDIR: RUN,
  PATH: process.env['PATH']!,
}
const daemon = (program: string, ...args: string[]) => {
  const child = spawn(program, [...args, '-vconsole:off'], { stdio: 'ignore', env: ovs })
  return () =>
    new Promise(resolve => {
      child.once('exit', resolve)
      child.kill('SIGKILL')
    })
}
const vsctl = (...args: string[]) => run('ovs-vsctl', `--db=unix:${RUN}/db.sock`, '--timeout=10', ...args)

let stops: (() => Promise<unknown>)[] = []
const startSwitch = async () => {
  mkdirSync(RUN, { recursive: true })
  if (!existsSync(`${RUN}/conf.db`))
    await run('ovsdb-tool', 'create', `${RUN}/conf.db`, '/usr/share/openvswitch/vswitch.ovsschema')
  stops = [daemon('ovsdb-server', `${RUN}/conf.db`, `--remote=punix:${RUN}/db.sock`)]
  await eventually(() => existsSync(`${RUN}/db.sock`))
  await vsctl('--no-wait', 'init')
  stops.push(daemon('ovs-vswitchd', `unix:${RUN}/db.sock`))
  // what ovn-controller does
  await vsctl('--may-exist', 'add-br', 'br-int', '--', 'set', 'bridge', 'br-int', 'datapath_type=netdev')
}
const wipeSwitch = async () => {
  for (const stop of stops) await stop()
  rmSync(RUN, { recursive: true })
}
const step = (name: string) => process.stdout.write(`${name}\n`)

const [portId, metadataPort] = [
  'aaaaaaaa-bb01-5000-8000-000000000001',
  'aaaaaaaa-bb02-5000-8000-000000000002',
]
const nic = wantedNic({
  port_id: portId,
  mac: '02:00:00:00:00:05',
  fixed_ips: [{ address: '10.0.0.5', prefix_length: 24 }],
  metadata: {
    port_id: metadataPort,
    mac: '02:00:00:00:00:02',
    fixed_ips: [{ address: '10.0.0.2', prefix_length: 24 }],
  },
})
const vm = wantedVm({ nics: [nic] })
const [ns, device, tap] = [namespaceOf(nic.network_id), deviceOf(nic.network_id), tapOf(portId)]

/** The uuid that the guest finds in its metadata. */
const askAsGuest = async () => {
  const url = 'http://169.254.169.254/openstack/latest/meta_data.json'
  const ask = `fetch('${url}', { signal: AbortSignal.timeout(2000) }).then(async r => console.log(await r.text()))`
  const answer = await run('ip', 'netns', 'exec', 'guest', process.execPath, '-e', ask)
  return (JSON.parse(answer) as { uuid: string }).uuid
}
const isServed = () =>
  eventually(async () => (await askAsGuest()) === vm.server_id, { within: 15_000, every: 100 })
const ports = async () => (await vsctl('list-ports', 'br-int')).trim().split('\n').filter(Boolean).sort()

const directory = new Directory()
directory.fill([vm])
const metadata = new MetadataServer(directory, silentLogger)
const open = async () => {
  const network = new OvnNetwork({
    ovsdb: `unix:${RUN}/db.sock`,
    log: silentLogger,
    lookEveryMs: 300,
    onConnection: (socket, networkId) => metadata.serve(socket, networkId),
  })
  await network.open()
  return network
}

await startSwitch()
// the guest: a namespace behind the device that libvirt would have made and plugged
await run('ip', 'netns', 'add', 'guest')
await run(
  'ip',
  'link',
  'add',
  tap,
  'type',
  'veth',
  'peer',
  'name',
  'eth0',
  'address',
  nic.mac,
  'netns',
  'guest',
)
await run('ip', 'link', 'set', tap, 'up')
await run('ip', '-n', 'guest', 'link', 'set', 'eth0', 'mtu', '1442', 'up')
await run('ip', '-n', 'guest', 'addr', 'add', '10.0.0.5/24', 'dev', 'eth0')
await run('ip', '-n', 'guest', 'route', 'add', '169.254.169.254', 'via', '10.0.0.2')
await run('ip', 'netns', 'exec', 'guest', 'ethtool', '-K', 'eth0', 'tx', 'off')
await vsctl('add-port', 'br-int', tap, '--', 'set', 'interface', tap, `external_ids:iface-id=${portId}`)

let network = await open()
network.want([vm], new Set([vm.id]))
await eventually(() => network.ensure(vm).then(() => true))
await isServed()
assert.deepEqual(await ports(), [device, tap].sort())
const idOf = async () =>
  (await vsctl('get', 'interface', device, 'external_ids:iface-id')).trim().replaceAll('"', '')
assert.equal(await idOf(), metadataPort)
const link = await run('ip', '-n', ns, '-o', 'addr', 'show', 'eth0')
assert.match(link, /10\.0\.0\.2\/24/)
assert.match(link, /169\.254\.169\.254\/32/)
assert.match(
  await run('ip', '-n', ns, 'link', 'show', 'eth0'),
  /mtu 1442 .* state UP[\s\S]*02:00:00:00:00:02/,
)
step('served')

const before = await run('ip', '-n', ns, 'link', 'show', 'eth0')
await network.close()
network = await open()
network.want([vm], new Set([vm.id]))
await isServed()
assert.equal(await run('ip', '-n', ns, 'link', 'show', 'eth0'), before)
step('the next process takes over what is there')

// before compute has said what is wanted: what is remembered is made and mended, what is not is left
await network.close()
await vsctl('del-port', 'br-int', tap)
network = await open()
network.recall([vm], new Set([vm.id]))
await isServed()
await eventually(async () => (await ports()).includes(tap))
const another = wantedVm({ nics: [wantedNic({ metadata: nic.metadata })] })
network.recall([another], new Set())
await eventually(() => existsSync(`/run/netns/${namespaceOf(another.nics[0]!.network_id)}`))
// ends when the comparison under way is through
await network.close()
assert.equal(await run('ip', '-n', ns, 'link', 'show', 'eth0'), before)
assert.ok((await ports()).includes(device))
network = await open()
network.want([vm], new Set([vm.id]))
network.recall([another], new Set())
await isServed()
await eventually(async () => !(await run('ip', 'netns', 'list')).includes(another.nics[0]!.network_id))
assert.deepEqual(await ports(), [device, tap].sort())
step('what is remembered is served, and nothing is taken away for it')

await run('ip', 'netns', 'delete', ns)
await eventually(() => existsSync(`/run/netns/${ns}`))
await isServed()
step('namespace made anew')

await run('ip', 'link', 'delete', device)
await eventually(() => existsSync(`/sys/class/net/${device}`))
await isServed()
step('wire made anew')

await wipeSwitch()
await startSwitch()
await isServed()
assert.deepEqual(await ports(), [device, tap].sort())
assert.equal((await vsctl('get', 'interface', tap, 'external_ids:vm-id')).trim().replaceAll('"', ''), vm.id)
step('a wiped switch gets its ports back, running guests too')

const moved = { ...vm, revision: vm.revision + 1, nics: [{ ...nic, mtu: 1400 }] }
moved.nics[0]!.metadata = { ...nic.metadata!, fixed_ips: [{ address: '10.0.0.3', prefix_length: 24 }] }
network.want([moved], new Set([vm.id]))
await eventually(async () => {
  const now = await run('ip', '-n', ns, '-o', 'addr', 'show', 'eth0')
  return now.includes('10.0.0.3/24') && !now.includes('10.0.0.2/24') && now.includes('169.254.169.254')
})
assert.match(await run('ip', '-n', ns, 'link', 'show', 'eth0'), /mtu 1400/)
step('changed addresses and MTU')

// power failure: the guest's device is gone, its port is still in the switch's database
await run('ip', 'link', 'delete', tap)
network.want([moved], new Set())
await eventually(async () => !(await ports()).includes(tap))
step('a port that outlived its guest goes')

await vsctl('add-port', 'br-int', 'other0', '--', 'set', 'interface', 'other0', 'type=internal')
await run('ip', 'netns', 'add', 'other')
network.want([], new Set())
await eventually(async () => (await run('ip', 'netns', 'list')).includes(ns) === false)
assert.deepEqual(await ports(), ['other0'])
assert.equal(existsSync(`/sys/class/net/${device}`), false)
assert.match(await run('ip', 'netns', 'list'), /other/)
step('nothing of ours is left, nothing of others is touched')

await network.close()
for (const stop of stops) await stop()
process.exit(0)
