import { eventually } from '@caelum/testkit'
import { describe, expect, test } from 'vitest'
import { DriverFault } from '../src/hypervisor/driver.ts'
import { wantedVm } from './factory.ts'
import { IMAGE, loopHarness } from './loop-harness.ts'

const h = loopHarness()

describe('faults', () => {
  test('a transient one is told while it is tried again', async () => {
    await h().restart({ pauseMs: () => 3_600_000 })
    h().driver.failOnce('start', { fault: new DriverFault('no-memory', 'no memory') })
    let vm = wantedVm()
    h().want(vm)
    await eventually(() => {
      expect(h().vms.facts(vm.id)).toMatchObject({
        power: 'stopped',
        step: 'start',
        fault: { code: 'no-memory', permanent: false },
      })
      return true
    })
    // another want does not wait for the pause
    vm = { ...vm, generation: 2 }
    h().want(vm)
    await h().settled(vm)
  })

  test('a permanent one rests until the generation changes, then delete works', async () => {
    h().driver.failOnce('ensureDisk', {
      fault: new DriverFault('disk-too-small', 'too small', { permanent: true }),
    })
    let vm = wantedVm({ generation: 7 })
    h().want(vm)
    const fault = { code: 'disk-too-small', message: 'too small', permanent: true }
    await eventually(() => {
      expect(h().vms.facts(vm.id)).toMatchObject({ generation: 7, fault })
      return true
    })
    h().driver.ring(vm.id)
    h().driver.ring(null)
    await eventually(() => h().driver.calls.filter(call => call === 'list ').length > 2)
    expect(h().driver.countOf('ensureDisk', vm.id)).toBe(1)
    vm = { ...vm, generation: 8, power: 'gone' }
    h().want(vm)
    expect((await h().settled(vm)).power).toBe('gone')
  })

  test('events do not shorten the pause of a guest that fails at every start', async () => {
    await h().restart({ pauseMs: () => 3_600_000 })
    h().driver.failOnce('start')
    const vm = wantedVm()
    h().want(vm)
    await eventually(() => h().vms.facts(vm.id)?.fault)
    const lists = h().driver.calls.length
    h().driver.ring(vm.id)
    await eventually(() => h().driver.calls.length > lists)
    expect(h().driver.countOf('start', vm.id)).toBe(1)
  })

  test('when the hypervisor comes back those that waited for it go on', async () => {
    await h().restart({ pauseMs: () => 3_600_000 })
    h().driver.failOnce('define', { fault: new DriverFault('hypervisor-down', 'away') })
    const vm = wantedVm()
    h().want(vm)
    await eventually(() => h().vms.facts(vm.id)?.fault)
    h().driver.ring(null)
    await h().settled(vm)
  })
})

describe('what others do', () => {
  test('a guest that is destroyed behind our back is started again', async () => {
    const vm = wantedVm()
    h().want(vm)
    await h().settled(vm)
    h().driver.destroyBehind(vm.id)
    await eventually(() => h().driver.boots.get(vm.id) === 2)
    await h().settled(vm)
  })

  test('also when the event is lost', async () => {
    await h().restart({ lookEveryMs: 20 })
    const vm = wantedVm()
    h().want(vm)
    await h().settled(vm)
    h().driver.domains.set(vm.id, { ...h().driver.domains.get(vm.id)!, power: 'crashed' })
    await eventually(() => h().driver.boots.get(vm.id) === 2)
  })

  test('a guest that switches itself off stays off, also for the next agent, until it is wanted anew', async () => {
    let vm = wantedVm()
    h().want(vm)
    await h().settled(vm)
    h().driver.destroyBehind(vm.id, 'guest')
    const off = { generation: 1, power: 'stopped', guest_off: true, step: null }
    const told = () =>
      eventually(() => {
        expect(h().vms.facts(vm.id)).toMatchObject(off)
        return true
      })
    await told()
    await h().restart({ lookEveryMs: 5 })
    h().want(vm)
    await told()
    const lists = h().driver.calls.length
    await eventually(() => h().driver.calls.length > lists + 3)
    expect(h().driver.boots.get(vm.id)).toBe(1)

    // compute makes it what is wanted
    vm = { ...vm, generation: 2, power: 'stopped' }
    h().want(vm)
    expect(await h().settled(vm)).toMatchObject({ power: 'stopped', guest_off: false })
    vm = { ...vm, generation: 3, power: 'running' }
    h().want(vm)
    expect(await h().settled(vm)).toMatchObject({ power: 'running', guest_off: false })
    expect(h().driver.boots.get(vm.id)).toBe(2)
  })

  test('a start that follows a shutdown is not given up by an agent that dies before it', async () => {
    let vm = wantedVm()
    h().want(vm)
    await h().settled(vm)
    h().driver.destroyBehind(vm.id, 'guest')
    await h().restart({ pauseMs: () => 3_600_000 })
    h().driver.failOnce('start')
    vm = { ...vm, generation: 2 }
    h().want(vm)
    await eventually(() => h().vms.facts(vm.id)?.fault)
    expect(h().driver.domains.get(vm.id)).toMatchObject({ generation: 2, power: 'stopped' })
    await h().restart()
    h().want(vm)
    expect(await h().settled(vm)).toMatchObject({ power: 'running', guest_off: false })
  })

  test('a guest that dies young is started with pauses', async () => {
    const pauses: number[] = []
    let tries = 0
    await h().restart({
      pauseMs: () => {
        pauses.push(++tries)
        return 1
      },
    })
    const vm = wantedVm()
    h().want(vm)
    for (let boots = 1; boots <= 3; boots++) {
      await eventually(() => h().driver.boots.get(vm.id) === boots)
      await h().settled(vm)
      h().driver.destroyBehind(vm.id, 'crashed')
    }
    await eventually(() => h().driver.boots.get(vm.id) === 4)
    expect(pauses).toEqual([1, 2, 3])
  })

  test('a domain nobody wants is a stray, told only once everything wanted is known, and left alone', async () => {
    const other = wantedVm()
    await h().driver.ensureDisk(other, null)
    await h().driver.define(other, { soft: 0, hard: 0 })
    h().driver.ring(null)
    await eventually(() => h().vms.knows(other.id))
    expect(h().vms.strays()).toEqual([])
    const vm = wantedVm()
    h().wantAll(vm)
    await h().settled(vm)
    expect(h().vms.strays()).toEqual([{ id: other.id, name: other.server_id, power: 'stopped' }])
    h().wantAll()
    h().driver.ring(null)
    await eventually(() => h().vms.strays().length === 2)
    expect(h().driver.domains.size).toBe(2)
    expect(h().driver.calls.some(call => call.startsWith('remove'))).toBe(false)
  })

  test('a removed vm is never a stray', async () => {
    let vm = wantedVm()
    h().wantAll(vm)
    await h().settled(vm)
    h().driver.ring(null)
    await eventually(() => h().vms.knows(vm.id))
    vm = { ...vm, generation: 2, power: 'gone' }
    h().want(vm)
    h().vms.accepted([await h().settled(vm)])
    expect(h().vms.strays()).toEqual([])
  })
})

describe('a want that changes under way', () => {
  test('delete does not wait for a guest that does not shut down', async () => {
    await h().restart({ graceMs: 3_600_000 })
    h().driver.obedient = false
    let vm = wantedVm()
    h().want(vm)
    await h().settled(vm)
    vm = { ...vm, generation: 2, power: 'stopped' }
    h().want(vm)
    await eventually(() => h().vms.facts(vm.id)?.step === 'stop')
    vm = { ...vm, generation: 3, power: 'gone' }
    h().want(vm)
    expect((await h().settled(vm)).power).toBe('gone')
  })

  test('delete does not wait for an image', async () => {
    h().imageArrives = new Promise(() => undefined)
    let vm = wantedVm({ disk: { image: IMAGE, size_gb: 1 } })
    h().want(vm)
    await eventually(() => h().vms.facts(vm.id)?.step === 'image')
    vm = { ...vm, generation: 2, power: 'gone' }
    h().want(vm)
    expect((await h().settled(vm)).power).toBe('gone')
  })

  test('dropped and wanted again under way: one verb at a time', async () => {
    let arrive: () => void = () => undefined
    h().imageArrives = new Promise(resolve => {
      arrive = resolve
    })
    const vm = wantedVm({ disk: { image: IMAGE, size_gb: 1 } })
    for (let n = 0; n < 5; n++) {
      h().wantAll(vm)
      h().wantAll()
    }
    h().wantAll(vm)
    arrive()
    await h().settled(vm)
    expect(h().driver.boots.get(vm.id)).toBe(1)
  })

  test('an older document is refused', async () => {
    const vm = wantedVm({ generation: 2 })
    h().want(vm)
    await h().settled(vm)
    h().want({ ...vm, generation: 1, power: 'gone' })
    expect(h().vms.wanted.get(vm.id)?.power).toBe('running')
  })

  test('a domain that answers a newer generation is not touched', async () => {
    const vm = wantedVm({ generation: 5 })
    h().want(vm)
    await h().settled(vm)
    await h().restart()
    h().want({ ...vm, generation: 4, power: 'gone' })
    await eventually(() => h().vms.facts(vm.id)?.fault?.code === 'stale-generation')
    expect(h().driver.domains.get(vm.id)?.power).toBe('running')
  })

  test('until the first look and while the hypervisor is down nothing is claimed', async () => {
    await h().vms.close()
    h().driver.down = true
    await h().restart({ pauseMs: () => 3_600_000 })
    const vm = wantedVm()
    h().want(vm)
    const lists = h().driver.calls.length
    await eventually(() => h().driver.calls.length > lists)
    h().driver.ring(null)
    await eventually(() => h().driver.calls.length > lists + 1)
    expect(h().vms.facts(vm.id)).toBeNull()
    h().driver.down = false
    h().driver.ring(null)
    await h().settled(vm)
  })
})
