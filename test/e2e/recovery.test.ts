/**
 * Whatever dies, guests run on where they can and come back where they cannot. The two guests boot once; a guest that
 * was not to be disturbed shows by its boot id that it was not.
 */
import { eventually } from '@caelum/testkit'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { computeServices } from '../../packages/cli/src/client/compute-hosts.ts'
import { type Guest, untilActive, untilGone } from '../../packages/cli/src/demo/guests.ts'
import { supervisorStatus } from '../../packages/cli/src/supervisor/control-client.ts'
import { caelum } from '../support/cloud.ts'
import { activeGuest, domainsOf, Shell, showServer, vmIdOf, wholeConsole } from './guest.ts'
import { hostNamed, PATIENT, replaceUnits, type Scene, startScene, TEST_MS, untilWhole } from './scene.ts'
import { openTenancy, type PluggedProbe, plugProbe, type Tenancy } from './tenancy.ts'

vi.setConfig({ testTimeout: TEST_MS, hookTimeout: TEST_MS })

let scene: Scene
let tenancy: Tenancy
/** on the host that is left alone, like the probe */
let calm: Guest
/** on the host that has the accidents */
let struck: Guest
let probe: PluggedProbe
let calmShell: Shell
let struckShell: Shell

const session = () => tenancy.session
const struckHost = () => hostNamed(scene, struck.host)

beforeAll(async () => {
  scene = await startScene()
  tenancy = await openTenancy(scene, 'recovery')
  ;[calm, struck] = await Promise.all([
    activeGuest(scene, tenancy, { name: 'calm' }),
    activeGuest(scene, tenancy, { name: 'struck' }),
  ])
  probe = await plugProbe(scene, tenancy, calm.host)
  calmShell = await new Shell(scene, probe.probe, calm.ip).reach()
  struckShell = await new Shell(scene, probe.probe, struck.ip).reach()
})

afterAll(() => scene?.close())

/** Neither guest may boot meanwhile. */
async function undisturbed(accident: () => Promise<unknown>): Promise<void> {
  const before = [await calmShell.bootId(), await struckShell.bootId()]
  await accident()
  expect([await calmShell.bootId(), await struckShell.bootId()]).toEqual(before)
}

/** The struck guest boots anew, as the same domain on the same host, and reaches the other one. */
async function comesBack(accident: () => Promise<unknown>): Promise<void> {
  const before = await struckShell.bootId()
  await accident()
  await eventually(async () => {
    expect(await struckShell.bootId()).not.toBe(before)
    return true
  }, PATIENT)
  await untilActive(session(), struck.id, PATIENT.within)
  await justOneDomainEach()
  expect(await struckShell.run(`ping -c 3 -W 10 ${calm.ip}`)).toContain(' 0% packet loss')
}

async function justOneDomainEach(): Promise<void> {
  for (const guest of [calm, struck]) {
    const one = { host: guest.host, uuid: await vmIdOf(scene, guest), state: 'running' }
    await eventually(async () => {
      expect(await domainsOf(scene, guest)).toEqual([one])
      return true
    }, PATIENT)
  }
}

const metadataAnswers = (shell: Shell, guest: Guest) =>
  eventually(async () => {
    const text = await shell.run('wget -q -O - http://169.254.169.254/openstack/latest/meta_data.json')
    expect(JSON.parse(text)).toMatchObject({ uuid: guest.id })
    return true
  }, PATIENT)

const consoleAnswers = (guest: Guest) =>
  eventually(async () => (await wholeConsole(session(), guest)).includes(`server ${guest.id}`), PATIENT)

test('an agent that is killed leaves its guests alone and serves them again', () =>
  undisturbed(async () => {
    await replaceUnits(scene, [`agent-${struck.host}`])
    await metadataAnswers(struckShell, struck)
    await consoleAnswers(struck)
    await justOneDomainEach()
  }))

test('libvirtd may be killed: its guests run on, and the agent finds it again', () =>
  undisturbed(async () => {
    await struckHost().exec(['pkill', '-KILL', '-x', 'libvirtd'])
    await eventually(async () => (await struckHost().status()).libvirt, PATIENT)
    await justOneDomainEach()
    await consoleAnswers(struck)
    expect(await showServer(session(), struck.id)).toMatchObject({ status: 'ACTIVE' })
  }))

test('a guest that is destroyed behind our back comes back', () =>
  comesBack(async () => struckHost().exec(['virsh', 'destroy', await vmIdOf(scene, struck)])))

test('a host that loses power comes back with its guests and its networks', async () => {
  const calmBoot = await calmShell.bootId()
  await comesBack(() => struckHost().kill())
  await untilWhole(scene)
  await metadataAnswers(struckShell, struck)
  expect(await calmShell.bootId()).toBe(calmBoot)
})

const hostState = async (name: string) =>
  (await computeServices(scene.cloud.admin)).find(service => service.host === name)?.state

test('a host that was cut off is as wanted after it has rejoined, and nothing is there twice', () =>
  undisturbed(async () => {
    const doomed = await activeGuest(scene, tenancy, { name: 'doomed' })
    const host = hostNamed(scene, doomed.host)
    const claims = () => scene.sql('select id from compute.vms where server_id = $1', doomed.id)
    await host.cut()
    await session().remove('compute', `/servers/${doomed.id}`)
    // its owner does not wait for a host that is down; what it takes on the host is still taken
    await untilGone(session(), doomed.id, PATIENT.within)
    expect(await hostState(host.name)).toBe('down')
    expect(await domainsOf(scene, doomed)).toMatchObject([{ state: 'running' }])
    expect(await claims()).toHaveLength(1)

    await host.join()
    await eventually(async () => {
      expect(await domainsOf(scene, doomed)).toEqual([])
      expect(await claims()).toEqual([])
      expect(await hostState(host.name)).toBe('up')
      return true
    }, PATIENT)
    await justOneDomainEach()
  }))

test("the whole control plane is killed, OVN's and databases included, and no guest notices", () =>
  undisturbed(async () => {
    const pinging = calmShell.run(`ping -c 100000 ${struck.ip} >/tmp/pings; tail -n 2 /tmp/pings`)
    const services = ['compute', 'network', 'image', 'identity', 'object-storage', 'gateway']
    await replaceUnits(scene, [...services, 'postgres', 'redis', 'ovn-nb', 'ovn-sb', 'ovn-northd'])
    await consoleAnswers(struck)
    await metadataAnswers(struckShell, struck)
    for (const guest of [calm, struck])
      expect(await showServer(session(), guest.id)).toMatchObject({ status: 'ACTIVE' })
    await justOneDomainEach()
    await calmShell.run('killall -INT ping')
    expect(Number(/(\d+)% packet loss/.exec(await pinging)?.[1])).toBeLessThan(5)
  }))

test('a supervisor that is killed leaves everything running, and the next one takes it over', () =>
  undisturbed(async () => {
    const pids = async () =>
      Object.fromEntries((await scene.cloud.units()).map(unit => [unit.name, unit.pid]))
    const before = await pids()
    const { pid } = (await supervisorStatus(scene.cloud.location.controlSocket))!
    process.kill(pid, 'SIGKILL')
    await caelum(['up', '--data', scene.cloud.dataDir])
    expect(await pids()).toEqual(before)
    expect((await supervisorStatus(scene.cloud.location.controlSocket))!.pid).not.toBe(pid)
    await consoleAnswers(struck)
  }))
