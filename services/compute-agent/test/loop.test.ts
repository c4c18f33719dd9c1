import { describe, expect, test } from 'vitest'
import { ImageFault } from '../src/image-cache/fault.ts'
import { wantedVm } from './factory.ts'
import type { Verb } from './fake-driver.ts'
import { IMAGE, loopHarness } from './loop-harness.ts'

const h = loopHarness()

describe('the life of a vm', () => {
  test('is created, stopped, started, rebooted both ways and removed', async () => {
    let vm = wantedVm({ disk: { image: IMAGE, size_gb: 1 } })
    h().want(vm)
    expect(await h().settled(vm)).toMatchObject({ power: 'running' })
    expect(h().driver.disks.get(vm.id)).toBe('/images/image')

    vm = { ...vm, generation: 2, power: 'stopped' }
    h().want(vm)
    expect(await h().settled(vm)).toMatchObject({ power: 'stopped' })

    vm = { ...vm, generation: 3, power: 'running' }
    h().want(vm)
    expect(await h().settled(vm)).toMatchObject({ power: 'running' })
    expect(h().driver.boots.get(vm.id)).toBe(2)

    vm = { ...vm, generation: 4, reboots_hard: 1 }
    h().want(vm)
    expect(await h().settled(vm)).toMatchObject({ power: 'running', reboots_hard: 1 })
    expect(h().driver.boots.get(vm.id)).toBe(3)

    vm = { ...vm, generation: 5, reboots_soft: 1 }
    h().want(vm)
    expect(await h().settled(vm)).toMatchObject({ power: 'running', reboots_soft: 1, reboots_hard: 1 })
    expect(h().driver.boots.get(vm.id)).toBe(4)
    expect(h().driver.countOf('stop', vm.id)).toBe(2)

    vm = { ...vm, generation: 6, power: 'gone' }
    h().want(vm)
    const facts = await h().settled(vm)
    expect(facts.power).toBe('gone')
    expect(h().driver.domains.size + h().driver.disks.size).toBe(0)
    h().vms.accepted([facts])
    expect(h().vms.facts(vm.id)).toBeNull()
  })

  test('a soft reboot that is ignored becomes a hard one', async () => {
    let vm = wantedVm()
    h().want(vm)
    await h().settled(vm)
    h().driver.softReboots = 'ignored'
    vm = { ...vm, generation: 2, reboots_soft: 1 }
    h().want(vm)
    expect(await h().settled(vm)).toMatchObject({ power: 'running', reboots_soft: 1 })
    expect(h().driver.boots.get(vm.id)).toBe(2)
  })

  test('many at once, each with one domain', async () => {
    const list = Array.from({ length: 100 }, () => wantedVm())
    h().want(...list)
    for (const vm of list) await h().settled(vm)
    expect(h().driver.domains.size).toBe(100)
    expect([...h().driver.boots.values()].every(boots => boots === 1)).toBe(true)
    // looks are shared: far fewer lists than steps
    expect(h().driver.calls.filter(call => call === 'list ').length).toBeLessThan(100)
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
    h().driver.failOnce(verb, { when })
    const vm = wantedVm()
    h().want(vm)
    await h().settled(vm)
    expect(h().driver.boots.get(vm.id)).toBe(1)
  })

  test.each(['before', 'after'] as const)('stop and remove, %s', async when => {
    let vm = wantedVm()
    h().want(vm)
    await h().settled(vm)
    h().driver.failOnce('stop', { when })
    vm = { ...vm, generation: 2, power: 'stopped' }
    h().want(vm)
    await h().settled(vm)
    h().driver.failOnce('remove', { when })
    vm = { ...vm, generation: 3, power: 'gone' }
    h().want(vm)
    expect((await h().settled(vm)).power).toBe('gone')
  })

  test.each(['stop', 'define', 'start'] as const)(
    'a hard reboot boots the guest once more, and once only: %s fails after its effect',
    async verb => {
      let vm = wantedVm()
      h().want(vm)
      await h().settled(vm)
      h().driver.failOnce(verb, { when: 'after' })
      vm = { ...vm, generation: 2, reboots_hard: 1 }
      h().want(vm)
      await h().settled(vm)
      expect(h().driver.boots.get(vm.id)).toBe(2)
    },
  )

  test('an image that cannot be fetched yet', async () => {
    h().imageFaults.push(new ImageFault('image-download', 'compute is away'))
    const vm = wantedVm({ disk: { image: IMAGE, size_gb: 1 } })
    h().want(vm)
    await h().settled(vm)
  })
})
