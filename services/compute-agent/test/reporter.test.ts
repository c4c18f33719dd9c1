import type { HostFacts, Report, SeenVm } from '@caelum/agent-protocol'
import { silentLogger } from '@caelum/kernel'
import { eventually } from '@caelum/testkit'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { Reporter } from '../src/compute-api/reporter.ts'

let sent: Report[]
let facts: Map<string, SeenVm>
let gone: string[]
let answer: () => Promise<{ accepted: boolean }>
let refused: boolean
let reporter: Reporter
let stop: AbortController
let running: Promise<void>

const seen = (id: string, over: Partial<SeenVm> = {}): SeenVm => ({
  id,
  generation: 1,
  power: 'running',
  guest_off: false,
  reboots_soft: 0,
  reboots_hard: 0,
  step: null,
  fault: null,
  ...over,
})
const start = (options: { stepDelayMs?: number; gatherMs?: number } = {}) => {
  reporter = new Reporter({
    api: {
      report: report => {
        sent.push(structuredClone(report))
        return answer()
      },
    },
    log: silentLogger,
    epoch: 7,
    hostFacts: () => Promise.resolve({ hostname: 'host-1' } as HostFacts),
    source: {
      ids: () => [...facts.keys()],
      facts: id => facts.get(id) ?? null,
      strays: () => [{ id: 's', name: 's', power: 'running' }],
      accepted: list => gone.push(...list.filter(vm => vm.power === 'gone').map(vm => vm.id)),
    },
    onRefused: () => {
      refused = true
    },
    fullEveryMs: 3_600_000,
    ...options,
  })
  running = reporter.run(stop.signal)
}
const change = (id: string, over: Partial<SeenVm> = {}, news: 'facts' | 'step' = 'facts') => {
  facts.set(id, seen(id, over))
  reporter.tell(id, news)
}
const idsOf = (report: Report | undefined) => report?.vms.map(vm => vm.id)

beforeEach(() => {
  sent = []
  facts = new Map()
  gone = []
  answer = () => Promise.resolve({ accepted: true })
  refused = false
  stop = new AbortController()
})
afterEach(async () => {
  stop.abort()
  await running
})

test('begins with everything, host and strays; then only what changed', async () => {
  facts.set('a', seen('a')).set('b', seen('b'))
  start()
  await eventually(() => sent.length === 1)
  expect(sent[0]).toMatchObject({ epoch: 7, seq: 1, host: { hostname: 'host-1' }, strays: [{ id: 's' }] })
  expect(idsOf(sent[0])).toEqual(['a', 'b'])
  change('b', { power: 'stopped' })
  await eventually(() => sent.length === 2)
  expect(sent[1]).toMatchObject({ seq: 2, host: null, strays: [] })
  expect(sent[1]!.vms).toEqual([seen('b', { power: 'stopped' })])
})

test('a burst is one report, and what changes meanwhile is the next one, with the newest facts', async () => {
  start({ gatherMs: 20 })
  await eventually(() => sent.length === 1)
  let arrive = () => undefined as unknown
  answer = () => new Promise(resolve => (arrive = () => resolve({ accepted: true })))
  for (const id of ['a', 'b', 'c']) change(id)
  await eventually(() => sent.length === 2)
  expect(idsOf(sent[1])).toEqual(['a', 'b', 'c'])
  change('a', { power: 'stopped' })
  change('a', { power: 'running', generation: 2 })
  arrive()
  await eventually(() => sent.length === 3)
  expect(sent[2]!.vms).toEqual([seen('a', { generation: 2 })])
  arrive()
})

test('a mere step waits, and goes along with facts', async () => {
  start({ stepDelayMs: 3_600_000 })
  await eventually(() => sent.length === 1)
  change('a', { step: 'disk' }, 'step')
  change('b')
  await eventually(() => sent.length === 2)
  expect(idsOf(sent[1])?.sort()).toEqual(['a', 'b'])
})

test('a mere step alone goes out after its delay', async () => {
  start({ stepDelayMs: 10 })
  await eventually(() => sent.length === 1)
  change('a', { step: 'image' }, 'step')
  await eventually(() => sent.length === 2)
  expect(sent[1]!.vms[0]!.step).toBe('image')
})

test('a report whose answer is lost is written again, with a higher seq, and gone is not forgotten before', async () => {
  start()
  await eventually(() => sent.length === 1)
  answer = () => Promise.reject(new Error('connection lost'))
  change('a', { power: 'gone' })
  await eventually(() => sent.length >= 2)
  expect(gone).toEqual([])
  answer = () => Promise.resolve({ accepted: true })
  await eventually(() => gone.length === 1)
  expect(idsOf(sent.at(-1))).toEqual(['a'])
  const seqs = sent.map(report => report.seq)
  expect(seqs).toEqual(seqs.toSorted((a, b) => a - b))
  expect(new Set(seqs).size).toBe(seqs.length)
})

test('after a refusal nothing is ever sent again', async () => {
  answer = () => Promise.resolve({ accepted: false })
  start()
  await running
  expect(refused).toBe(true)
  change('a')
  expect(sent).toHaveLength(1)
})
