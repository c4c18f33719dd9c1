/**
 * What every hypervisor driver promises, tried on a whole host. The same tests run on the simulated one and on a real
 * libvirtd with real guests.
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { eventually } from '@caelum/testkit'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { DriverFault, type HypervisorDriver, type SeenDomain } from '../../src/hypervisor/driver.ts'
import { climb, NO_REBOOTS, type World, wantedVm } from './world.ts'

/** two busy cores may be very slow */
vi.setConfig({ testTimeout: 90_000, hookTimeout: 90_000 })
const WITHIN = { within: 60_000 }

export const describeContract = (name: string, makeWorld: () => Promise<World>): void => {
  describe(`the contract of the ${name} driver`, () => {
    let world: World
    let driver: HypervisorDriver

    beforeAll(async () => {
      world = await makeWorld()
      driver = await world.restartAgent()
    })
    afterAll(async () => {
      await world?.close()
    })

    const see = async (id: string): Promise<SeenDomain | undefined> =>
      (await driver.list()).find(domain => domain.id === id)
    const power = async (id: string) => (await see(id))?.power
    const bootCount = async (id: string) =>
      (await driver.console(id, null)).match(world.bootLine)?.length ?? 0
    const up = (id: string, boots = 1) => eventually(async () => (await bootCount(id)) >= boots, WITHIN)
    const faultOf = async (act: Promise<unknown>): Promise<Pick<DriverFault, 'code' | 'permanent'>> => {
      const error = await act.then(
        () => null,
        (reason: unknown) => reason,
      )
      expect(error).toBeInstanceOf(DriverFault)
      const { code, permanent } = error as DriverFault
      return { code, permanent }
    }
    const running = async (image = world.obedient) => {
      const vm = wantedVm(world)
      await climb(driver, vm, image)
      return vm
    }

    it('tells facts about its host', async () => {
      expect(await driver.facts()).toMatchObject({
        hypervisor_up: true,
        arch: 'x86_64',
        capabilities: expect.arrayContaining(['console', 'reboot_soft', 'reboot_hard']),
      })
    })

    it('climbs the ladder, every rung twice, and lists where it stands', async () => {
      const vm = wantedVm(world, { generation: 7 })
      const before = await driver.list()
      await driver.ensureDisk(vm, world.obedient)
      expect(await see(vm.id)).toEqual({
        id: vm.id,
        server_id: null,
        generation: 0,
        reboots: NO_REBOOTS,
        power: 'absent',
        off_reason: null,
      })
      await driver.ensureDisk(vm, world.obedient)
      expect(await driver.imagesInUse()).toContain(world.obedient.path)
      await driver.ensureNics(vm)
      await driver.ensureNics(vm)
      await driver.define(vm, { soft: 1, hard: 2 })
      await driver.define(vm, { soft: 1, hard: 2 })
      const defined = {
        id: vm.id,
        server_id: vm.server_id,
        generation: 7,
        reboots: { soft: 1, hard: 2 },
        off_reason: null,
      }
      expect(await see(vm.id)).toEqual({ ...defined, power: 'stopped' })
      await driver.start(vm.id)
      expect(await see(vm.id)).toEqual({ ...defined, power: 'running' })
      await driver.start(vm.id)
      await up(vm.id)
      expect(await see(vm.id)).toEqual({ ...defined, power: 'running' })
      expect(await bootCount(vm.id)).toBe(1)
      await driver.remove(vm.id)
      await driver.remove(vm.id)
      expect(await driver.list()).toEqual(before)
      expect(await driver.console(vm.id, null)).toBe('')
    })

    it('takes newer marks while the guest runs, and refuses older ones', async () => {
      const vm = await running()
      await driver.define({ ...vm, generation: 3 }, NO_REBOOTS)
      await driver.define({ ...vm, generation: 3 }, { soft: 1, hard: 0 })
      expect(await see(vm.id)).toMatchObject({
        generation: 3,
        reboots: { soft: 1, hard: 0 },
        power: 'running',
      })
      expect(await faultOf(driver.define({ ...vm, generation: 2 }, NO_REBOOTS))).toEqual({
        code: 'stale-generation',
        permanent: false,
      })
      expect(await see(vm.id)).toMatchObject({ generation: 3, power: 'running' })
      await driver.remove(vm.id)
    })

    it('starts nothing that is not defined', async () => {
      const vm = wantedVm(world)
      expect(await faultOf(driver.start(vm.id))).toEqual({ code: 'not-defined', permanent: false })
      await driver.ensureDisk(vm, world.obedient)
      expect(await faultOf(driver.start(vm.id))).toEqual({ code: 'not-defined', permanent: false })
      await driver.remove(vm.id)
    })

    it('makes no disk without its image, and never puts another under a disk', async () => {
      const vm = wantedVm(world)
      const none = { ...world.obedient, path: `${world.obedient.path}.none` }
      expect(await faultOf(driver.ensureDisk(vm, none))).toEqual({ code: 'image-missing', permanent: false })
      await driver.ensureDisk(vm, world.obedient)
      expect(await faultOf(driver.ensureDisk(vm, world.other))).toEqual({
        code: 'disk-other-image',
        permanent: true,
      })
      await driver.remove(vm.id)
      await driver.ensureDisk(vm, world.other)
      await driver.remove(vm.id)
    })

    it('stops from every state', async () => {
      const vm = wantedVm(world)
      await driver.stop(vm.id, { grace_ms: 0 })
      await driver.ensureDisk(vm, world.obedient)
      await driver.stop(vm.id, { grace_ms: 60_000 })
      expect(await power(vm.id)).toBe('absent')
      await driver.define(vm, NO_REBOOTS)
      await driver.stop(vm.id, { grace_ms: 60_000 })
      expect(await power(vm.id)).toBe('stopped')
      await driver.start(vm.id)
      await driver.stop(vm.id, { grace_ms: 0 })
      expect(await see(vm.id)).toMatchObject({ power: 'stopped', off_reason: 'host' })
      await driver.start(vm.id)
      await up(vm.id, 1)
      await driver.stop(vm.id, { grace_ms: 60_000 })
      expect(await see(vm.id)).toMatchObject({ power: 'stopped', off_reason: 'guest' })
      await driver.remove(vm.id)
    })

    it('remembers that a guest shut itself down, and forgets it with the next definition', async () => {
      const vm = await running()
      await up(vm.id, 1)
      await world.powerOff(vm.id)
      const off = { generation: 1, power: 'stopped', off_reason: 'guest' }
      await eventually(async () => (await power(vm.id)) === 'stopped', WITHIN)
      expect(await see(vm.id)).toMatchObject(off)
      await driver.define(vm, NO_REBOOTS)
      driver = await world.restartAgent()
      expect(await see(vm.id)).toMatchObject(off)

      await driver.define({ ...vm, generation: 2 }, NO_REBOOTS)
      driver = await world.restartAgent()
      expect(await see(vm.id)).toEqual({
        id: vm.id,
        server_id: vm.server_id,
        generation: 2,
        reboots: NO_REBOOTS,
        power: 'stopped',
        off_reason: null,
      })
      await driver.start(vm.id)
      await up(vm.id, 2)
      expect(await see(vm.id)).toMatchObject({ generation: 2, power: 'running', off_reason: null })
      await driver.remove(vm.id)
    })

    it('removes from every state', async () => {
      const files = wantedVm(world)
      await driver.ensureDisk(files, world.obedient)
      const defined = wantedVm(world)
      await driver.ensureDisk(defined, world.obedient)
      await driver.define(defined, NO_REBOOTS)
      const bare = wantedVm(world)
      await driver.define(bare, NO_REBOOTS)
      const on = await running()
      const off = await running()
      await driver.stop(off.id, { grace_ms: 0 })
      const all = [files, defined, bare, on, off, wantedVm(world)]
      await Promise.all(all.map(vm => driver.remove(vm.id)))
      for (const vm of all) expect(await see(vm.id)).toBeUndefined()
    })

    it('keeps a console across stops and agents, and cuts it by lines', async () => {
      const vm = await running()
      await up(vm.id, 1)
      await driver.stop(vm.id, { grace_ms: 0 })
      await driver.start(vm.id)
      await up(vm.id, 2)
      driver = await world.restartAgent()
      const all = await driver.console(vm.id, null)
      expect(all.match(world.bootLine)).toHaveLength(2)
      const lines = all.split('\n')
      expect(await driver.console(vm.id, 1)).toBe(lines.slice(-2).join('\n'))
      expect(await driver.console(vm.id, 2)).toBe(lines.slice(-3).join('\n'))
      expect(await driver.console(vm.id, 1000)).toBe(all)
      expect(await driver.console(vm.id, 0)).toBe('')
      await driver.remove(vm.id)
    })

    it('resets exactly once by stop, define, start, wherever the agent dies', async () => {
      const vm = await running()
      await up(vm.id, 1)
      await driver.stop(vm.id, { grace_ms: 0 })
      driver = await world.restartAgent()
      expect(await see(vm.id)).toMatchObject({ reboots: NO_REBOOTS, power: 'stopped' })
      await driver.define(vm, { soft: 0, hard: 1 })
      driver = await world.restartAgent()
      expect(await see(vm.id)).toMatchObject({ reboots: { soft: 0, hard: 1 }, power: 'stopped' })
      await driver.start(vm.id)
      await up(vm.id, 2)
      expect(await bootCount(vm.id)).toBe(2)
      await driver.remove(vm.id)
    })

    it('lets an obedient guest reboot itself', async () => {
      const vm = await running()
      await up(vm.id, 1)
      expect(await driver.rebootSoft?.(vm.id, { grace_ms: 60_000 })).toBe('rebooted')
      await up(vm.id, 2)
      expect(await see(vm.id)).toMatchObject({ power: 'running', generation: 1 })
      await driver.stop(vm.id, { grace_ms: 0 })
      expect(await driver.rebootSoft?.(vm.id, { grace_ms: 60_000 })).toBe('ignored')
      await driver.remove(vm.id)
      expect(await driver.rebootSoft?.(vm.id, { grace_ms: 60_000 })).toBe('ignored')
    })

    it('tells watchers to look again', async () => {
      const heard = new Set<string | null>()
      const off = driver.watch(id => heard.add(id))
      const vm = await running()
      await eventually(() => heard.has(vm.id), WITHIN)
      heard.clear()
      await world.killGuest(vm.id)
      await eventually(() => heard.has(vm.id), WITHIN)
      await eventually(async () => (await power(vm.id)) === 'crashed', WITHIN)
      expect(await see(vm.id)).toMatchObject({ off_reason: 'crashed' })
      off()
      heard.clear()
      await driver.start(vm.id)
      expect(await power(vm.id)).toBe('running')
      expect(heard.size).toBe(0)
      await driver.remove(vm.id)
    })

    it('never touches what is not ours, not even under an id we are asked for', async () => {
      const stranger = await world.addForeign()
      const vm = wantedVm(world, { id: stranger.id })
      driver = await world.restartAgent()
      expect(await see(stranger.id)).toBeUndefined()
      const refused = { code: 'foreign-domain', permanent: true }
      expect(await faultOf(driver.define(vm, NO_REBOOTS))).toEqual(refused)
      expect(await faultOf(driver.start(vm.id))).toEqual(refused)
      expect(await faultOf(driver.stop(vm.id, { grace_ms: 0 }))).toEqual(refused)
      expect(await faultOf(driver.remove(vm.id))).toEqual(refused)
      expect(await stranger.isUntouched()).toBe(true)
    })

    it('finds a guest as it left it after the hypervisor was away', async () => {
      const vm = await running()
      await up(vm.id, 1)
      const heard: (string | null)[] = []
      const off = driver.watch(id => heard.push(id))
      await world.hypervisorAway()
      await eventually(async () => !(await driver.facts()).hypervisor_up, WITHIN)
      expect(await faultOf(driver.list())).toEqual({ code: 'hypervisor-down', permanent: false })
      expect(await faultOf(driver.start(vm.id))).toEqual({ code: 'hypervisor-down', permanent: false })
      await world.hypervisorBack()
      await eventually(async () => (await driver.facts()).hypervisor_up, WITHIN)
      await eventually(() => heard.includes(null), WITHIN)
      expect(await power(vm.id)).toBe('running')
      expect(await bootCount(vm.id)).toBe(1)
      off()
      await driver.remove(vm.id)
    })

    describe('with a guest that ignores the power button', () => {
      afterAll(() => world.allObedient())

      it('switches it off when the grace is over', async () => {
        const vm = await running(await world.deaf())
        await up(vm.id, 1)
        expect(await driver.rebootSoft?.(vm.id, { grace_ms: 300 })).toBe('ignored')
        await driver.stop(vm.id, { grace_ms: 300 })
        expect(await see(vm.id)).toMatchObject({ power: 'stopped', off_reason: 'host' })
        await driver.remove(vm.id)
      })

      it('waits no longer when told so, and leaves it on', async () => {
        const vm = await running(await world.deaf())
        const abort = new AbortController()
        const reason = new Error('somebody wants it gone')
        const stopping = driver.stop(vm.id, { grace_ms: 600_000, signal: abort.signal })
        const rebooting = driver.rebootSoft?.(vm.id, { grace_ms: 600_000, signal: abort.signal })
        abort.abort(reason)
        await expect(stopping).rejects.toBe(reason)
        await expect(rebooting).rejects.toBe(reason)
        expect(await power(vm.id)).toBe('running')
        await driver.remove(vm.id)
      })
    })

    it('goes on from wherever the agent was killed', async () => {
      const climbing = [wantedVm(world), wantedVm(world)]
      for (const after_ms of [0, 15, 40, 80, 160, 320]) {
        const { command, args } = world.walkCommand(climbing)
        const agent = spawn(command, args, { stdio: ['ignore', 'pipe', 'inherit'] })
        const ended = once(agent, 'exit')
        await once(agent.stdout, 'data')
        setTimeout(() => agent.kill('SIGKILL'), after_ms)
        await ended
        driver = await world.restartAgent()
        for (const vm of climbing) await climb(driver, vm, world.obedient)
        const seen = (await driver.list()).filter(domain => climbing.some(vm => vm.id === domain.id))
        expect(seen.map(domain => domain.power)).toEqual(['running', 'running'])
        expect(seen.map(domain => domain.generation)).toEqual([1, 1])
      }
      for (const vm of climbing) await driver.remove(vm.id)
      for (const vm of climbing) expect(await see(vm.id)).toBeUndefined()
    })

    it('finds its definitions off after the host rebooted, and starts them again', async () => {
      const vm = await running()
      await up(vm.id, 1)
      await world.rebootHost()
      driver = await world.restartAgent()
      expect(await see(vm.id)).toMatchObject({ generation: 1, power: 'stopped', off_reason: null })
      await climb(driver, vm, world.obedient)
      expect(await power(vm.id)).toBe('running')
      await up(vm.id, 2)
      await driver.remove(vm.id)
    })
  })
}
