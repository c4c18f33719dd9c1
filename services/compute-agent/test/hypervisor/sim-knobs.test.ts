import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { eventually } from '@caelum/testkit'
import { afterEach, beforeEach, expect, it } from 'vitest'
import type { HypervisorDriver } from '../../src/hypervisor/driver.ts'
import { makeSimWorld, type SimWorld } from './sim-world.ts'
import { climb, NO_REBOOTS, wantedVm } from './world.ts'

let world: SimWorld
let driver: HypervisorDriver
beforeEach(async () => {
  world = await makeSimWorld()
  driver = await world.restartAgent()
})
afterEach(() => world.close())

const power = async (id: string) => (await driver.list()).find(domain => domain.id === id)?.power

it('a start takes its time, also when the agent is gone meanwhile', async () => {
  world.turn({ start_ms: 1_000 })
  const vm = wantedVm(world)
  await driver.ensureDisk(vm, world.obedient)
  await driver.define(vm, NO_REBOOTS)
  let decided = false
  driver.watch(() => {
    decided = true
  })
  const started = performance.now()
  const start = driver.start(vm.id)
  await eventually(() => decided, { every: 1 })
  expect(await power(vm.id)).toBe('stopped')
  driver = await world.restartAgent()
  await driver.start(vm.id)
  expect(performance.now() - started).toBeGreaterThan(990)
  expect(await power(vm.id)).toBe('running')
  expect(await driver.console(vm.id, null)).toContain('simulated boot 1 of')
  await start
})

it('a guest dies after its start, whoever looks', async () => {
  world.turn({ die_after_ms: 1_000 })
  const vm = wantedVm(world)
  const heard: (string | null)[] = []
  await climb(driver, vm, world.obedient)
  expect(await power(vm.id)).toBe('running')
  driver = await world.restartAgent()
  driver.watch(id => heard.push(id))
  await eventually(() => heard.includes(vm.id))
  expect(await power(vm.id)).toBe('crashed')
})

it('a verb fails as often as told, for whom it is told', async () => {
  const vm = wantedVm(world)
  world.turn({ fail: [{ verb: 'define', id: vm.id, times: 2, message: 'not now' }] })
  const other = wantedVm(world)
  await driver.define(other, NO_REBOOTS)
  const notNow = { code: 'failed', message: 'not now', permanent: false }
  await expect(driver.define(vm, NO_REBOOTS)).rejects.toMatchObject(notNow)
  await expect(driver.define(vm, NO_REBOOTS)).rejects.toMatchObject(notNow)
  await driver.define(vm, NO_REBOOTS)
  expect(await power(vm.id)).toBe('stopped')
})

it('a verb can take effect and fail nevertheless', async () => {
  world.turn({ fail: [{ verb: 'start', takes_effect: true }] })
  const vm = wantedVm(world)
  await expect(climb(driver, vm, world.obedient)).rejects.toMatchObject({ code: 'failed' })
  expect(await power(vm.id)).toBe('running')
})

it('a verb can fail for good', async () => {
  world.turn({ fail: [{ verb: 'ensureDisk', times: null, permanent: true }] })
  const vm = wantedVm(world)
  for (let n = 0; n < 3; n++) {
    await expect(driver.ensureDisk(vm, world.obedient)).rejects.toMatchObject({ permanent: true })
  }
})

it('events get lost', async () => {
  const heard: (string | null)[] = []
  driver.watch(id => heard.push(id))
  world.turn({ lose_events: true })
  await climb(driver, wantedVm(world), world.obedient)
  expect(heard).toEqual([])
  world.turn({ lose_events: false })
  await climb(driver, wantedVm(world), world.obedient)
  expect(heard).not.toEqual([])
})

it('a broken knobs file changes nothing', async () => {
  world.turn({ vcpus: 3 })
  expect((await driver.facts()).vcpus).toBe(3)
  await writeFile(join(world.dataDir, 'sim-knobs.json'), '{"vcpus": "many"}')
  expect((await driver.facts()).vcpus).toBe(3)
})

it('thousands of vms are no burden', async () => {
  const vms = Array.from({ length: 2_000 }, () => wantedVm(world))
  for (let at = 0; at < vms.length; at += 100) {
    await Promise.all(vms.slice(at, at + 100).map(vm => climb(driver, vm, world.obedient)))
  }
  const before = performance.now()
  driver = await world.restartAgent()
  expect(await driver.list()).toHaveLength(2_000)
  expect(performance.now() - before).toBeLessThan(10_000)
})
