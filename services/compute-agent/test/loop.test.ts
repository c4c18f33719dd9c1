import type { WantedVm } from '@caelum/agent-protocol'
import { silentLogger } from '@caelum/kernel'
import { eventually } from '@caelum/testkit'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { DriverFault } from '../src/hypervisor/driver.ts'
import { ImageFault } from '../src/image-cache/fault.ts'
import { noNetwork } from '../src/network/host-network.ts'
import { Slots } from '../src/slots.ts'
import { VmLoop } from '../src/vm/loop.ts'
import { wantedVm } from './factory.ts'
import { FakeDriver, type Verb } from './fake-driver.ts'

const IMAGE = { id: 'image', sha512: 'aa', size_bytes: 1, format: 'qcow2' as const }

let driver: FakeDriver
let vms: VmLoop
let revision = 0
const imageFaults: Error[] = []
let imageArrives: Promise<void> = Promise.resolve()

const agent = (options: { graceMs?: number; pauseMs?: () => number; lookEveryMs?: number } = {}) => {
  const loop = new VmLoop({
    driver,
    images: {
      ensure: async (image, signal) => {
        const fault = imageFaults.shift()
        if (fault) throw fault
        await Promise.race([
          imageArrives,
          new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason))),
        ])
        return { path: `/images/${image.id}`, format: image.format }
      },
    },
    network: noNetwork,
    slots: new Slots(4),
    graceMs: options.graceMs ?? 0,
    log: silentLogger,
    onNews: () => undefined,
    pauseMs: options.pauseMs ?? (() => 1),
    lookEveryMs: options.lookEveryMs ?? 3_600_000,
  })
  loop.start()
  return loop
}
const want = (...list: WantedVm[]) => vms.want({ revision: ++revision, full: false, vms: list, asks: [] })
const wantAll = (...list: WantedVm[]) => vms.want({ revision: ++revision, full: true, vms: list, asks: [] })
const settled = (vm: WantedVm) =>
  eventually(() => {
    const facts = vms.facts(vm.id)
    expect(facts).toMatchObject({ generation: vm.generation, step: null, fault: null })
    return facts!
  })

beforeEach(() => {
  driver = new FakeDriver()
  vms = agent()
})
afterEach(async () => {
  await vms.close()
  imageFaults.length = 0
  imageArrives = Promise.resolve()
  expect(driver.violations).toEqual([])
})

describe('the life of a vm', () => {
  test('is created, stopped, started, rebooted both ways and removed', async () => {
    let vm = wantedVm({ disk: { image: IMAGE, size_gb: 1 } })
    want(vm)
    expect(await settled(vm)).toMatchObject({ power: 'running' })
    expect(driver.disks.get(vm.id)).toBe('/images/image')

    vm = { ...vm, generation: 2, power: 'stopped' }
    want(vm)
    expect(await settled(vm)).toMatchObject({ power: 'stopped' })

    vm = { ...vm, generation: 3, power: 'running' }
    want(vm)
    expect(await settled(vm)).toMatchObject({ power: 'running' })
    expect(driver.boots.get(vm.id)).toBe(2)

    vm = { ...vm, generation: 4, reboots_hard: 1 }
    want(vm)
    expect(await settled(vm)).toMatchObject({ power: 'running', reboots_hard: 1 })
    expect(driver.boots.get(vm.id)).toBe(3)

    vm = { ...vm, generation: 5, reboots_soft: 1 }
    want(vm)
    expect(await settled(vm)).toMatchObject({ power: 'running', reboots_soft: 1, reboots_hard: 1 })
    expect(driver.boots.get(vm.id)).toBe(4)
    expect(driver.countOf('stop', vm.id)).toBe(2)

    vm = { ...vm, generation: 6, power: 'gone' }
    want(vm)
    const facts = await settled(vm)
    expect(facts.power).toBe('gone')
    expect(driver.domains.size + driver.disks.size).toBe(0)
    vms.accepted([facts])
    expect(vms.facts(vm.id)).toBeNull()
  })

  test('a soft reboot that is ignored becomes a hard one', async () => {
    let vm = wantedVm()
    want(vm)
    await settled(vm)
    driver.softReboots = 'ignored'
    vm = { ...vm, generation: 2, reboots_soft: 1 }
    want(vm)
    expect(await settled(vm)).toMatchObject({ power: 'running', reboots_soft: 1 })
    expect(driver.boots.get(vm.id)).toBe(2)
  })

  test('many at once, each with one domain', async () => {
    const list = Array.from({ length: 100 }, () => wantedVm())
    want(...list)
    for (const vm of list) await settled(vm)
    expect(driver.domains.size).toBe(100)
    expect([...driver.boots.values()].every(boots => boots === 1)).toBe(true)
    // looks are shared: far fewer lists than steps
    expect(driver.calls.filter(call => call === 'list ').length).toBeLessThan(100)
  })
})

describe('every step that fails once, before or after its effect, is made true all the same', () => {
  const verbs: Verb[] = ['list', 'ensureDisk', 'ensureNics', 'define', 'start']
  test.each(
    verbs.flatMap(verb => [
      { verb, when: 'before' as const },
      { verb, when: 'after' as const },
    ]),
  )('$verb, $when', async ({ verb, when }) => {
    driver.failOnce(verb, { when })
    const vm = wantedVm()
    want(vm)
    await settled(vm)
    expect(driver.boots.get(vm.id)).toBe(1)
  })

  test.each(['before', 'after'] as const)('stop and remove, %s', async when => {
    let vm = wantedVm()
    want(vm)
    await settled(vm)
    driver.failOnce('stop', { when })
    vm = { ...vm, generation: 2, power: 'stopped' }
    want(vm)
    await settled(vm)
    driver.failOnce('remove', { when })
    vm = { ...vm, generation: 3, power: 'gone' }
    want(vm)
    expect((await settled(vm)).power).toBe('gone')
  })

  test.each(['stop', 'define', 'start'] as const)(
    'a hard reboot boots the guest once more, and once only: %s fails after its effect',
    async verb => {
      let vm = wantedVm()
      want(vm)
      await settled(vm)
      driver.failOnce(verb, { when: 'after' })
      vm = { ...vm, generation: 2, reboots_hard: 1 }
      want(vm)
      await settled(vm)
      expect(driver.boots.get(vm.id)).toBe(2)
    },
  )

  test('an image that cannot be fetched yet', async () => {
    imageFaults.push(new ImageFault('image-download', 'compute is away'))
    const vm = wantedVm({ disk: { image: IMAGE, size_gb: 1 } })
    want(vm)
    await settled(vm)
  })
})

describe('faults', () => {
  test('a transient one is told while it is tried again', async () => {
    await vms.close()
    vms = agent({ pauseMs: () => 3_600_000 })
    driver.failOnce('start', { fault: new DriverFault('no-memory', 'no memory') })
    let vm = wantedVm()
    want(vm)
    await eventually(() => {
      expect(vms.facts(vm.id)).toMatchObject({
        power: 'stopped',
        step: 'start',
        fault: { code: 'no-memory', permanent: false },
      })
      return true
    })
    // another want does not wait for the pause
    vm = { ...vm, generation: 2 }
    want(vm)
    await settled(vm)
  })

  test('a permanent one rests until the generation changes, then delete works', async () => {
    driver.failOnce('ensureDisk', {
      fault: new DriverFault('disk-too-small', 'too small', { permanent: true }),
    })
    let vm = wantedVm({ generation: 7 })
    want(vm)
    const fault = { code: 'disk-too-small', message: 'too small', permanent: true }
    await eventually(() => {
      expect(vms.facts(vm.id)).toMatchObject({ generation: 7, fault })
      return true
    })
    driver.ring(vm.id)
    driver.ring(null)
    await eventually(() => driver.calls.filter(call => call === 'list ').length > 2)
    expect(driver.countOf('ensureDisk', vm.id)).toBe(1)
    vm = { ...vm, generation: 8, power: 'gone' }
    want(vm)
    expect((await settled(vm)).power).toBe('gone')
  })

  test('events do not shorten the pause of a guest that fails at every start', async () => {
    await vms.close()
    vms = agent({ pauseMs: () => 3_600_000 })
    driver.failOnce('start')
    const vm = wantedVm()
    want(vm)
    await eventually(() => vms.facts(vm.id)?.fault)
    const lists = driver.calls.length
    driver.ring(vm.id)
    await eventually(() => driver.calls.length > lists)
    expect(driver.countOf('start', vm.id)).toBe(1)
  })

  test('when the hypervisor comes back those that waited for it go on', async () => {
    await vms.close()
    vms = agent({ pauseMs: () => 3_600_000 })
    driver.failOnce('define', { fault: new DriverFault('hypervisor-down', 'away') })
    const vm = wantedVm()
    want(vm)
    await eventually(() => vms.facts(vm.id)?.fault)
    driver.ring(null)
    await settled(vm)
  })
})

describe('what others do', () => {
  test('a guest that is destroyed behind our back is started again', async () => {
    const vm = wantedVm()
    want(vm)
    await settled(vm)
    driver.destroyBehind(vm.id)
    await eventually(() => driver.boots.get(vm.id) === 2)
    await settled(vm)
  })

  test('also when the event is lost', async () => {
    await vms.close()
    vms = agent({ lookEveryMs: 20 })
    const vm = wantedVm()
    want(vm)
    await settled(vm)
    driver.domains.set(vm.id, { ...driver.domains.get(vm.id)!, power: 'crashed' })
    await eventually(() => driver.boots.get(vm.id) === 2)
  })

  test('a guest that dies young is started with pauses', async () => {
    const pauses: number[] = []
    await vms.close()
    let tries = 0
    vms = agent({
      pauseMs: () => {
        pauses.push(++tries)
        return 1
      },
    })
    const vm = wantedVm()
    want(vm)
    for (let boots = 1; boots <= 3; boots++) {
      await eventually(() => driver.boots.get(vm.id) === boots)
      await settled(vm)
      driver.destroyBehind(vm.id, 'crashed')
    }
    await eventually(() => driver.boots.get(vm.id) === 4)
    expect(pauses).toEqual([1, 2, 3])
  })

  test('a domain nobody wants is a stray, told only once everything wanted is known, and left alone', async () => {
    const other = wantedVm()
    await driver.ensureDisk(other, null)
    await driver.define(other, { soft: 0, hard: 0 })
    driver.ring(null)
    await eventually(() => vms.knows(other.id))
    expect(vms.strays()).toEqual([])
    const vm = wantedVm()
    wantAll(vm)
    await settled(vm)
    expect(vms.strays()).toEqual([{ id: other.id, name: other.server_id, power: 'stopped' }])
    wantAll()
    driver.ring(null)
    await eventually(() => vms.strays().length === 2)
    expect(driver.domains.size).toBe(2)
    expect(driver.calls.some(call => call.startsWith('remove'))).toBe(false)
  })

  test('a removed vm is never a stray', async () => {
    let vm = wantedVm()
    wantAll(vm)
    await settled(vm)
    driver.ring(null)
    await eventually(() => vms.knows(vm.id))
    vm = { ...vm, generation: 2, power: 'gone' }
    want(vm)
    vms.accepted([await settled(vm)])
    expect(vms.strays()).toEqual([])
  })
})

describe('a want that changes under way', () => {
  test('delete does not wait for a guest that does not shut down', async () => {
    await vms.close()
    vms = agent({ graceMs: 3_600_000 })
    driver.obedient = false
    let vm = wantedVm()
    want(vm)
    await settled(vm)
    vm = { ...vm, generation: 2, power: 'stopped' }
    want(vm)
    await eventually(() => vms.facts(vm.id)?.step === 'stop')
    vm = { ...vm, generation: 3, power: 'gone' }
    want(vm)
    expect((await settled(vm)).power).toBe('gone')
  })

  test('delete does not wait for an image', async () => {
    imageArrives = new Promise(() => undefined)
    let vm = wantedVm({ disk: { image: IMAGE, size_gb: 1 } })
    want(vm)
    await eventually(() => vms.facts(vm.id)?.step === 'image')
    vm = { ...vm, generation: 2, power: 'gone' }
    want(vm)
    expect((await settled(vm)).power).toBe('gone')
  })

  test('dropped and wanted again under way: one verb at a time', async () => {
    let arrive: () => void = () => undefined
    imageArrives = new Promise(resolve => {
      arrive = resolve
    })
    const vm = wantedVm({ disk: { image: IMAGE, size_gb: 1 } })
    for (let n = 0; n < 5; n++) {
      wantAll(vm)
      wantAll()
    }
    wantAll(vm)
    arrive()
    await settled(vm)
    expect(driver.boots.get(vm.id)).toBe(1)
  })

  test('an older document is refused', async () => {
    const vm = wantedVm({ generation: 2 })
    want(vm)
    await settled(vm)
    want({ ...vm, generation: 1, power: 'gone' })
    expect(vms.wanted.get(vm.id)?.power).toBe('running')
  })

  test('a domain that answers a newer generation is not touched', async () => {
    const vm = wantedVm({ generation: 5 })
    want(vm)
    await settled(vm)
    await vms.close()
    vms = agent()
    want({ ...vm, generation: 4, power: 'gone' })
    await eventually(() => vms.facts(vm.id)?.fault?.code === 'stale-generation')
    expect(driver.domains.get(vm.id)?.power).toBe('running')
  })

  test('until the first look and while the hypervisor is down nothing is claimed', async () => {
    await vms.close()
    driver.down = true
    vms = agent({ pauseMs: () => 3_600_000 })
    const vm = wantedVm()
    want(vm)
    const lists = driver.calls.length
    await eventually(() => driver.calls.length > lists)
    driver.ring(null)
    await eventually(() => driver.calls.length > lists + 1)
    expect(vms.facts(vm.id)).toBeNull()
    driver.down = false
    driver.ring(null)
    await settled(vm)
  })
})
