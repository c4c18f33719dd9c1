/** The whole life of a server as its owner sees it, each time compared with what the hosts really have. */
import { randomBytes } from 'node:crypto'
import { eventually } from '@caelum/testkit'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { database } from '../../packages/cli/src/cloud/postgres.ts'
import { added, type Footprint, footprint } from '../../packages/cli/src/demo/footprint.ts'
import { type Guest, untilGone } from '../../packages/cli/src/demo/guests.ts'
import {
  generateKey,
  type KeyPair,
  type Probe,
  removeKey,
  sshCommand,
} from '../../packages/cli/src/demo/probe.ts'
import { rowsMentioning } from '../../packages/cli/src/demo/rows.ts'
import { execute } from '../../packages/cli/src/setup/execute.ts'
import { act, activeGuest, domainsOf, Shell, showServer, untilBoots, vmIdOf, wholeConsole } from './guest.ts'
import { PATIENT, type Scene, startScene, TEST_MS } from './scene.ts'
import { openTenancy, type PortView, plugProbe, portOf, type Tenancy } from './tenancy.ts'

vi.setConfig({ testTimeout: TEST_MS, hookTimeout: TEST_MS })

const nonce = randomBytes(8).toString('hex')
const userData = `#!/bin/sh\necho "user data of $(hostname): ${nonce}"\n`

let scene: Scene
let tenancy: Tenancy
let before: Footprint
let guest: Guest
let neighbour: Guest
let port: PortView
/** on the neighbour's host */
let probe: Probe
let probePortId: string
let shell: Shell
let stranger: KeyPair

const look = () => footprint([...scene.hosts.values()], scene.ovn)
/** Who sends by this address, in any flow of OVN or of a host. */
const flowsOf = async (mac: string): Promise<string[]> => {
  const all = await Promise.all([
    execute(['ovn-sbctl', `--db=${scene.ovn.sb}`, 'lflow-list']),
    ...[...scene.hosts.values()].map(host => host.exec(['ovs-ofctl', 'dump-flows', 'br-int'])),
  ])
  return all.flatMap(text => text.split('\n').filter(line => line.includes(mac)))
}
const session = () => tenancy.session
const domains = () => domainsOf(scene, guest)

beforeAll(async () => {
  scene = await startScene()
  before = await look()
  tenancy = await openTenancy(scene, 'life')
  stranger = await generateKey()
  ;[guest, neighbour] = await Promise.all([
    activeGuest(scene, tenancy, { name: 'guest', userData, metadata: { role: 'test' } }),
    activeGuest(scene, tenancy, { name: 'neighbour', userData }),
  ])
  port = await portOf(tenancy, guest.id)
})

afterAll(async () => {
  await scene?.close()
  if (stranger) await removeKey(stranger)
})

test('an ACTIVE server is one running domain, on one host, under our id', async () => {
  expect(await domains()).toEqual([{ host: guest.host, uuid: await vmIdOf(scene, guest), state: 'running' }])
})

test('two servers are spread over two hosts', () => {
  expect(neighbour.host).not.toBe(guest.host)
})

test('the guest has its address by DHCP, and the MTU of its network', async () => {
  const line = await eventually(
    async () => /network: eth0 (\S+)\/24 mtu (\d+)/.exec(await wholeConsole(session(), guest)),
    PATIENT,
  )
  expect(line.slice(1)).toEqual([guest.ip, String(tenancy.network.mtu)])
})

test('its console, read through the API, shows that it booted once and ran its user data', async () => {
  await untilBoots(session(), guest, 1)
  await eventually(
    async () => (await wholeConsole(session(), guest)).includes(`user data of guest: ${nonce}`),
    PATIENT,
  )
})

test('its owner logs in with the key from the other host, and nobody with another key', async () => {
  const plugged = await plugProbe(scene, tenancy, neighbour.host)
  probe = plugged.probe
  probePortId = plugged.port.id
  shell = await new Shell(scene, probe, guest.ip).reach()
  expect(await shell.run('hostname', scene.image.user)).toBe('guest')
  await expect(probe.exec(sshCommand(stranger, 'root', guest.ip, 'true'))).rejects.toThrow(
    'Permission denied',
  )
})

test('the metadata service answers in the words of OpenStack', async () => {
  const get = (path: string) => shell.run(`wget -q -O - http://169.254.169.254/openstack/${path}`)
  expect(JSON.parse(await get('latest/meta_data.json'))).toMatchObject({
    uuid: guest.id,
    name: 'guest',
    hostname: 'guest',
    project_id: tenancy.projectId,
    meta: { role: 'test' },
    public_keys: { [tenancy.keyName]: scene.key.publicKey },
  })
  expect(await get('latest/user_data')).toBe(userData.trim())
  const { links, networks } = JSON.parse(await get('latest/network_data.json'))
  expect(links).toMatchObject([{ ethernet_mac_address: port.mac_address, vif_id: port.id }])
  expect(networks).toMatchObject([{ network_id: tenancy.network.networkId, type: 'ipv4_dhcp' }])
  expect((await get('')).split('\n')).toContain('2018-08-27')
})

test('the metadata service answers in the words of EC2', async () => {
  const get = (path: string) => shell.run(`wget -q -O - http://169.254.169.254/${path}`)
  expect((await get('latest/meta-data/')).split('\n')).toEqual(
    expect.arrayContaining(['instance-id', 'hostname', 'local-ipv4', 'public-keys/']),
  )
  expect(await get('latest/meta-data/local-ipv4')).toBe(guest.ip)
  expect(await get('latest/meta-data/instance-id')).toMatch(/^i-[0-9a-f]{8}$/)
  expect(await get('2009-04-04/meta-data/public-keys/0/openssh-key')).toBe(scene.key.publicKey)
  expect(await get('latest/user-data')).toBe(userData.trim())
})

test('guests on different hosts reach each other, both ways', async () => {
  const other = await new Shell(scene, probe, neighbour.ip).reach()
  for (const [from, to] of [
    [shell, neighbour],
    [other, guest],
  ] as const)
    expect(await from.run(`ping -c 3 -W 10 ${to.ip}`)).toContain(' 0% packet loss')
})

test('stop turns the guest off, start turns it on again with its disk', async () => {
  await shell.run('echo kept >/root/file && sync')
  await act(session(), guest, { 'os-stop': null })
  await eventually(async () => (await showServer(session(), guest.id)).status === 'SHUTOFF', PATIENT)
  expect(await domains()).toMatchObject([{ state: 'shut off' }])
  // the guest was asked, not cut off: its kernel had the last word
  expect(await wholeConsole(session(), guest)).toMatch(/reboot: Power down\s*$/)

  await act(session(), guest, { 'os-start': null })
  await eventually(async () => (await showServer(session(), guest.id)).status === 'ACTIVE', PATIENT)
  expect(await domains()).toMatchObject([{ host: guest.host, state: 'running' }])
  await untilBoots(session(), guest, 2)
  await shell.reach()
  expect(await shell.run('cat /root/file')).toBe('kept')
})

test('a guest that switches itself off stays off until it is started', async () => {
  await shell.run('(sleep 1; poweroff) >/dev/null 2>&1 &')
  await eventually(async () => (await showServer(session(), guest.id)).status === 'SHUTOFF', PATIENT)
  await eventually(async () => {
    const [want] = await scene.sql<{ want_power: string; finished: boolean }>(
      'select want_power, seen_generation = generation as finished from compute.servers where id = $1',
      guest.id,
    )
    expect(want).toEqual({ want_power: 'stopped', finished: true })
    return true
  }, PATIENT)
  expect(await domains()).toMatchObject([{ state: 'shut off' }])
  const path = `/servers/${guest.id}/os-instance-actions`
  const { instanceActions } = await session().call<{ instanceActions: { action: string }[] }>(
    'compute',
    'GET',
    path,
  )
  expect(instanceActions[0]).toMatchObject({ action: 'stop', user_id: null })

  await act(session(), guest, { 'os-start': null })
  await eventually(async () => (await showServer(session(), guest.id)).status === 'ACTIVE', PATIENT)
  expect(await domains()).toMatchObject([{ host: guest.host, state: 'running' }])
  await untilBoots(session(), guest, 3)
  await shell.reach()
})

test('a soft reboot lets the guest shut down first, a hard one does not', async () => {
  const powerDowns = async () =>
    (await wholeConsole(session(), guest)).match(/reboot: (Power down|Restarting system)/g)?.length ?? 0
  const asked = await powerDowns()
  for (const [type, boots, downs] of [
    ['SOFT', 4, asked + 1],
    ['HARD', 5, asked + 1],
  ] as const) {
    await act(session(), guest, { reboot: { type } })
    await untilBoots(session(), guest, boots)
    expect(await powerDowns()).toBe(downs)
    await eventually(async () => (await showServer(session(), guest.id)).status === 'ACTIVE', PATIENT)
    expect(await domains()).toMatchObject([{ host: guest.host, state: 'running' }])
    await shell.reach()
  }
})

test('a deleted server leaves nothing: no domain, disk, port, flow, namespace, process or row', async () => {
  const vmId = await vmIdOf(scene, guest)
  const ids = [guest.id, port.id, vmId]
  const adminUrl = database(scene.cloud.location).adminUrl()
  // what is seen now is known to be looked at in the right place
  expect(await flowsOf(port.mac_address)).not.toEqual([])
  const rows = await rowsMentioning(adminUrl, ids)
  for (const table of ['compute.servers', 'compute.vms', 'network.ports'])
    expect(rows.some(row => row.startsWith(`${table}:`))).toBe(true)

  await session().remove('compute', `/servers/${guest.id}`)
  await untilGone(session(), guest.id, PATIENT.within)
  await eventually(async () => {
    expect(await domains()).toEqual([])
    expect(await portOf(tenancy, guest.id)).toBeUndefined()
    expect(await flowsOf(port.mac_address)).toEqual([])
    expect(await rowsMentioning(adminUrl, ids)).toEqual([])
    return true
  }, PATIENT)
})

test('without its servers and its network, a project leaves nothing on the hosts and in OVN', async () => {
  await session().remove('compute', `/servers/${neighbour.id}`)
  await untilGone(session(), neighbour.id, PATIENT.within)
  await probe.unplug()
  await session().remove('network', `/v2.0/ports/${probePortId}`)
  await session().remove('network', `/v2.0/networks/${tenancy.network.networkId}`)
  // it came by itself, and goes with the project only when an administrator removes it
  for (const group of port.security_groups)
    await scene.cloud.admin.remove('network', `/v2.0/security-groups/${group}`)
  await eventually(async () => {
    expect(added(before, await look())).toEqual([])
    return true
  }, PATIENT)
})
