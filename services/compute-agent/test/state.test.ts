import type { WantedVm } from '@caelum/agent-protocol'
import { describe, expect, test } from 'vitest'
import type { SeenDomain } from '../src/hypervisor/driver.ts'
import { factsOf } from '../src/vm/facts.ts'
import { after, type Climbed, next, type Step, wentOffByItself } from '../src/vm/state.ts'
import { wantedVm } from './factory.ts'

const soft = { softReboot: true }
const CLIMBED: Climbed = { image: null, disk: true, nics: true }
const seenDomain = (over: Partial<SeenDomain> = {}): SeenDomain => ({
  id: 'vm',
  server_id: 'server',
  generation: 1,
  reboots: { soft: 0, hard: 0 },
  power: 'running',
  off_reason: null,
  ...over,
})
const at = (power: SeenDomain['power'], over: Partial<SeenDomain> = {}) => seenDomain({ power, ...over })

type Row = [
  what: string,
  want: Partial<WantedVm>,
  seen: SeenDomain | null,
  climbed: Climbed,
  step: Step['do'],
]

describe('the next step', () => {
  test.each<Row>([
    ['nothing there', {}, null, {}, 'image'],
    ['image ensured', {}, null, { image: null }, 'disk'],
    ['files without definition', {}, at('absent', { generation: 0 }), { image: null }, 'disk'],
    ['disk ensured', {}, null, { image: null, disk: true }, 'nics'],
    ['all below ensured', {}, null, CLIMBED, 'define'],
    ['defined', {}, at('stopped'), CLIMBED, 'start'],
    ['running', {}, at('running'), {}, 'rest'],
    ['paused', {}, at('paused'), {}, 'start'],
    ['off behind our back: climbs again', {}, at('stopped'), {}, 'image'],
    ['crashed: climbs again', {}, at('crashed'), {}, 'image'],
    ['crashed, climbed', {}, at('crashed'), CLIMBED, 'start'],
    ['switched off by its guest', {}, at('stopped', { off_reason: 'guest' }), {}, 'rest'],
    ['switched off by somebody on the host', {}, at('stopped', { off_reason: 'host' }), {}, 'image'],
    ['off, and nobody knows why', {}, at('stopped', { off_reason: null }), CLIMBED, 'start'],
    [
      'off by its guest, wanted anew',
      { generation: 2 },
      at('stopped', { off_reason: 'guest' }),
      CLIMBED,
      'define',
    ],
    [
      'off by its guest, wanted gone',
      { power: 'gone' },
      at('stopped', { off_reason: 'guest' }),
      {},
      'remove',
    ],
    ['a newer want of a running guest', { generation: 2 }, at('running'), {}, 'image'],
    ['and climbed', { generation: 2 }, at('running'), CLIMBED, 'define'],

    ['stop', { power: 'stopped', generation: 2 }, at('running'), {}, 'stop'],
    ['stop of a paused guest', { power: 'stopped' }, at('paused'), {}, 'stop'],
    ['stopped, marks are older', { power: 'stopped', generation: 2 }, at('stopped'), CLIMBED, 'define'],
    ['stopped', { power: 'stopped' }, at('stopped'), {}, 'rest'],
    ['crashed is off', { power: 'stopped' }, at('crashed'), {}, 'rest'],
    ['created stopped', { power: 'stopped' }, null, CLIMBED, 'define'],

    ['hard reboot', { reboots_hard: 1, generation: 2 }, at('running'), {}, 'reset'],
    ['hard reboot, off', { reboots_hard: 1, generation: 2 }, at('stopped'), CLIMBED, 'define'],
    [
      'hard reboot, counted',
      { reboots_hard: 1, generation: 2 },
      at('stopped', { generation: 2, reboots: { soft: 0, hard: 1 } }),
      CLIMBED,
      'start',
    ],
    ['soft reboot', { reboots_soft: 1 }, at('running'), {}, 'reboot'],
    ['soft reboot done', { reboots_soft: 1 }, at('running'), { ...CLIMBED, soft: 'rebooted' }, 'define'],
    ['soft reboot ignored', { reboots_soft: 1 }, at('running'), { ...CLIMBED, soft: 'ignored' }, 'reset'],
    ['soft reboot of a paused guest', { reboots_soft: 1 }, at('paused'), {}, 'reset'],
    ['both: the hard one counts', { reboots_soft: 1, reboots_hard: 1 }, at('running'), {}, 'reset'],
    ['reboot while wanted stopped', { power: 'stopped', reboots_hard: 1 }, at('running'), {}, 'stop'],
    ['reboot while stopped', { power: 'stopped', reboots_hard: 1 }, at('stopped'), CLIMBED, 'define'],

    ['gone, running', { power: 'gone' }, at('running'), {}, 'remove'],
    ['gone, files only', { power: 'gone' }, at('absent', { generation: 0 }), {}, 'remove'],
    ['gone, nothing seen: once for certain', { power: 'gone' }, null, {}, 'remove'],
    ['gone and removed', { power: 'gone' }, null, { removed: true }, 'rest'],
    ['gone, removed and there again', { power: 'gone' }, at('stopped'), { removed: true }, 'remove'],

    ['older than the domain', {}, at('running', { generation: 2 }), {}, 'refuse'],
    ['gone, but older than the domain', { power: 'gone' }, at('running', { generation: 2 }), {}, 'refuse'],
  ])('%s', (_, want, seen, climbed, step) => {
    expect(next(wantedVm(want), seen, climbed, soft).do).toBe(step)
  })

  test('a driver without soft reboots resets', () => {
    const want = wantedVm({ reboots_soft: 1 })
    expect(next(want, at('running'), {}, { softReboot: false }).do).toBe('reset')
  })

  test('a paused guest is not asked to shut down', () => {
    const want = wantedVm({ power: 'stopped' })
    expect(next(want, at('running'), {}, soft)).toEqual({ do: 'stop', ask: true })
    expect(next(want, at('paused'), {}, soft)).toEqual({ do: 'stop', ask: false })
  })

  test('reboots are counted when the guest is off, and not while it runs', () => {
    const want = wantedVm({ reboots_soft: 2, reboots_hard: 3, generation: 2 })
    const off = next(want, at('stopped'), CLIMBED, soft)
    expect(off).toEqual({ do: 'define', reboots: { soft: 2, hard: 3 } })
    const on = next(
      wantedVm({ generation: 2 }),
      at('running', { reboots: { soft: 1, hard: 1 } }),
      CLIMBED,
      soft,
    )
    expect(on).toEqual({ do: 'define', reboots: { soft: 1, hard: 1 } })
  })

  test('counts never go down', () => {
    const step = next(
      wantedVm({ generation: 2 }),
      at('stopped', { reboots: { soft: 4, hard: 5 } }),
      CLIMBED,
      soft,
    )
    expect(step).toEqual({ do: 'define', reboots: { soft: 4, hard: 5 } })
  })
})

describe('a walk', () => {
  const powers: (SeenDomain | null)[] = [
    null,
    at('absent', { generation: 0 }),
    at('stopped'),
    at('running'),
    at('paused'),
    at('crashed'),
    at('stopped', { off_reason: 'guest' }),
  ]
  const wants: Partial<WantedVm>[] = [
    {},
    { generation: 2 },
    { power: 'stopped' },
    { power: 'stopped', generation: 2 },
    { reboots_hard: 1, generation: 2 },
    { reboots_soft: 1, generation: 2 },
    { reboots_soft: 1, reboots_hard: 1, generation: 2 },
    { power: 'gone', generation: 2 },
  ]
  const all = powers
    .flatMap(seen => wants.map(want => ({ seen, want })))
    .filter(({ seen, want }) => !wentOffByItself(wantedVm(want), seen))

  test.each(all)('from $seen.power to $want comes to rest as wanted', ({ seen: first, want: over }) => {
    const want = wantedVm(over)
    let seen = first
    let climbed: Climbed = {}
    const steps: string[] = []
    for (;;) {
      const step = next(want, seen, climbed, soft)
      if (step.do === 'rest') break
      steps.push(step.do)
      expect(steps.length, steps.join(' ')).toBeLessThan(10)
      const shown: Climbed =
        step.do === 'image' ? { image: null } : step.do === 'reboot' ? { soft: 'rebooted' } : {}
      const then = after(step, want, seen, { ...climbed, ...shown })
      seen = then.seen
      climbed = then.climbed
    }
    if (want.power === 'gone') {
      expect(seen).toBeNull()
      return
    }
    expect(seen).toMatchObject({
      generation: want.generation,
      reboots: { soft: want.reboots_soft, hard: want.reboots_hard },
    })
    const off = ['stopped', 'crashed']
    expect(want.power === 'running' ? ['running'] : off).toContain(seen!.power)
    expect(new Set(steps).size).toBe(steps.length)
  })
})

describe('facts', () => {
  const want = wantedVm({ generation: 5 })
  const fault = { code: 'refused', message: 'no', permanent: true }

  test('the generation is that of the definition, until the agent is done with the wanted one', () => {
    expect(factsOf(want, null, 'image', null).generation).toBe(0)
    expect(factsOf(want, at('running', { generation: 3 }), 'define', null).generation).toBe(3)
    const defined = at('stopped', { generation: 5 })
    expect(factsOf(want, defined, 'start', null)).toMatchObject({
      generation: 5,
      step: 'start',
      power: 'stopped',
    })
    const running = at('running', { generation: 5 })
    expect(factsOf(want, running, 'rest', null)).toMatchObject({
      generation: 5,
      step: null,
      power: 'running',
    })
  })

  test('a permanent fault answers the wanted generation, a transient one does not', () => {
    expect(factsOf(want, null, 'define', fault).generation).toBe(5)
    expect(factsOf(want, null, 'define', { ...fault, permanent: false }).generation).toBe(0)
    expect(factsOf(want, null, 'image', null, 4).generation).toBe(4)
  })

  test('what is refused as older is not answered', () => {
    const newer = at('running', { generation: 9 })
    expect(factsOf(want, newer, 'refuse', { ...fault, permanent: false }).generation).toBe(4)
  })

  test('a guest that switched itself off is told as such, for the generation that it answers', () => {
    const off = at('stopped', { generation: 5, off_reason: 'guest' })
    expect(factsOf(want, off, 'rest', null)).toMatchObject({
      generation: 5,
      power: 'stopped',
      guest_off: true,
    })
    const stopped = wantedVm({ generation: 5, power: 'stopped' })
    expect(factsOf(stopped, off, 'rest', null).guest_off).toBe(false)
    expect(factsOf(wantedVm({ generation: 6 }), off, 'define', null)).toMatchObject({
      generation: 5,
      guest_off: false,
    })
  })

  test('what is removed is gone, what was never there is absent', () => {
    const gone = wantedVm({ power: 'gone' })
    expect(factsOf(gone, null, 'rest', null).power).toBe('gone')
    expect(factsOf(gone, null, 'remove', null).power).toBe('absent')
    expect(factsOf(wantedVm(), null, 'image', null).power).toBe('absent')
  })
})
