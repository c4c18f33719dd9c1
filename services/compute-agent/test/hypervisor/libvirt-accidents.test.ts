/** What the libvirt driver does when things around it go wrong in ways that only a real host knows. */
import { eventually } from '@caelum/testkit'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import type { HypervisorDriver } from '../../src/hypervisor/driver.ts'
import { domainName } from '../../src/hypervisor/libvirt/spec.ts'
import { type LibvirtWorld, makeLibvirtWorld } from './libvirt-world.ts'
import { climb, NO_REBOOTS, wantedVm } from './world.ts'

/** two busy cores may be very slow */
vi.setConfig({ testTimeout: 90_000, hookTimeout: 90_000 })

let world: LibvirtWorld
let driver: HypervisorDriver
beforeAll(async () => {
  world = await makeLibvirtWorld()
  driver = await world.restartAgent()
})
afterAll(() => world?.close())

const see = async (id: string) => (await driver.list()).find(domain => domain.id === id)
const running = async () => {
  const vm = wantedVm(world)
  await climb(driver, vm, world.obedient)
  return vm
}
const signalQemu = (id: string, signal: 'STOP' | 'KILL' | 'TERM') =>
  world.host.exec('sh', '-c', `kill -${signal} $(cat /run/libvirt/qemu/${domainName(id)}.pid)`)
const ports = async () =>
  (await world.host.exec('ovs-vsctl', 'list-ports', 'br-int')).split('\n').filter(Boolean)

describe('a guest', () => {
  it('is plugged into the bridge by the end of its port id, and unplugged with it', async () => {
    const vm = await running()
    const port = vm.nics[0]?.port_id ?? ''
    const tap = `tap${port.slice(-11)}`
    expect(await ports()).toEqual([tap])
    const ids = await world.host.exec(
      'ovs-vsctl',
      'get',
      'Interface',
      tap,
      'external_ids',
      'mtu',
      'mtu_request',
    )
    expect(ids).toContain(`iface-id="${port}"`)
    expect(ids).toContain('1442')
    await driver.remove(vm.id)
    expect(await ports()).toEqual([])
  })

  it('whose process hangs is still listed, stopped and removed', async () => {
    const vm = await running()
    await signalQemu(vm.id, 'STOP')
    expect((await see(vm.id))?.power).toBe('running')
    await driver.stop(vm.id, { grace_ms: 0 })
    expect((await see(vm.id))?.power).toBe('stopped')
    await driver.remove(vm.id)
  })

  it('whose process is told to end did not shut itself down', async () => {
    const vm = await running()
    await signalQemu(vm.id, 'TERM')
    await eventually(async () => (await see(vm.id))?.power === 'stopped')
    expect(await see(vm.id)).toMatchObject({ off_reason: 'host' })
    await driver.start(vm.id)
    await eventually(async () => (await driver.console(vm.id, null)).match(world.bootLine))
    await world.powerOff(vm.id)
    await eventually(async () => (await see(vm.id))?.power === 'stopped', { within: 60_000 })
    expect(await see(vm.id)).toMatchObject({ off_reason: 'guest' })
    await driver.remove(vm.id)
  })

  it('that shut itself down and was half defined anew is defined whole', async () => {
    const vm = await running()
    await eventually(async () => (await driver.console(vm.id, null)).match(world.bootLine), {
      within: 60_000,
    })
    await driver.stop(vm.id, { grace_ms: 60_000 })
    // where `define` may be killed
    await world.host.exec('virsh', '-q', '-c', world.uri, 'undefine', vm.id)
    expect(await see(vm.id)).toMatchObject({ generation: 0, power: 'absent', off_reason: null })
    await climb(driver, { ...vm, generation: 2 }, world.obedient)
    expect(await see(vm.id)).toMatchObject({ generation: 2, power: 'running' })
    await driver.remove(vm.id)
  })

  it('whose definition was deleted by hand is listed at generation 0 and defined again', async () => {
    const vm = await running()
    await world.host.exec('virsh', '-q', '-c', world.uri, 'undefine', vm.id)
    expect(await see(vm.id)).toMatchObject({ generation: 0, power: 'running', server_id: vm.server_id })
    await driver.define(vm, NO_REBOOTS)
    expect(await see(vm.id)).toMatchObject({ generation: 1, power: 'running' })
    await world.host.exec('virsh', '-q', '-c', world.uri, 'undefine', vm.id)
    await driver.remove(vm.id)
    expect(await see(vm.id)).toBeUndefined()
  })

  it('that died with libvirtd and with its definition leaves files and a port, and both can be removed', async () => {
    const vm = await running()
    await world.host.signal('KILL', true)
    await signalQemu(vm.id, 'KILL')
    await world.host.exec('sh', '-c', 'rm -rf /run/libvirt/qemu/*; rm -f /etc/libvirt/qemu/*.xml')
    await world.host.release()
    driver = await world.restartAgent()
    expect(await see(vm.id)).toMatchObject({ generation: 0, power: 'absent' })
    expect(await ports()).toHaveLength(1)
    await driver.remove(vm.id)
    expect(await see(vm.id)).toBeUndefined()
    expect(await ports()).toEqual([])
  })

  it('cannot be defined under a stranger’s name', async () => {
    const vm = wantedVm(world)
    const xml = `<domain type="qemu"><name>${domainName(vm.id)}</name><memory>16384</memory><os><type>hvm</type></os></domain>`
    await world.host.exec(
      'sh',
      '-c',
      `echo '${xml}' > /run/stranger.xml; virsh -q -c ${world.uri} define /run/stranger.xml`,
    )
    await expect(driver.define(vm, NO_REBOOTS)).rejects.toMatchObject({
      code: 'foreign-domain',
      permanent: true,
    })
    await world.host.exec('virsh', '-q', '-c', world.uri, 'undefine', domainName(vm.id))
    await driver.define(vm, NO_REBOOTS)
    await driver.remove(vm.id)
  })

  it('that asks for the impossible is refused for good', async () => {
    const vm = wantedVm(world, { vcpus: 5_000 })
    await driver.ensureDisk(vm, world.obedient)
    const refused = driver.define(vm, NO_REBOOTS).then(() => driver.start(vm.id))
    await expect(refused).rejects.toMatchObject({ code: 'refused', permanent: true })
    await driver.remove(vm.id)
  })

  it('that wants more memory than there is waits for better times', async () => {
    const vm = wantedVm(world, { ram_mb: 2 ** 27 })
    await driver.ensureDisk(vm, world.obedient)
    await driver.define(vm, NO_REBOOTS)
    await expect(driver.start(vm.id)).rejects.toMatchObject({ code: 'no-memory', permanent: false })
    expect(await see(vm.id)).toMatchObject({ power: 'stopped', off_reason: 'failed' })
    await driver.remove(vm.id)
  })
})

it('a missing bridge is said before anything is started', async () => {
  await world.host.exec('ovs-vsctl', 'del-br', 'br-int')
  const vm = wantedVm(world)
  await expect(driver.ensureNics(vm)).rejects.toMatchObject({ code: 'bridge-missing', permanent: false })
  await driver.ensureNics({ ...vm, nics: [] })
  await world.host.exec(
    'ovs-vsctl',
    'add-br',
    'br-int',
    '--',
    'set',
    'bridge',
    'br-int',
    'datapath_type=netdev',
  )
  await driver.ensureNics(vm)
})

it('a libvirtd that hangs is noticed, and one that goes on is used again', async () => {
  driver = await world.restartAgent({ intervalMs: 100, count: 2 })
  const vm = await running()
  await world.host.signal('STOP')
  await eventually(async () => !(await driver.facts()).hypervisor_up)
  await expect(driver.list()).rejects.toMatchObject({ code: 'hypervisor-down' })
  await world.host.signal('CONT')
  await eventually(async () => (await driver.facts()).hypervisor_up)
  expect((await see(vm.id))?.power).toBe('running')
  await driver.remove(vm.id)
})
