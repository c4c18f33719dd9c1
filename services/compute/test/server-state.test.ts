import { describe, expect, test } from 'vitest'
import {
  next,
  refusalOf,
  type ServerFacts,
  type Step,
  statusOf,
  type VmFacts,
} from '../src/resources/server/state.ts'

const server: ServerFacts = {
  want_deleted: false,
  generation: 1,
  seen_generation: 0,
  seen_ports: null,
  fault: null,
}
const vm: VmFacts = {
  host_name: 'h',
  host_up: true,
  want_power: 'running',
  want_reboots_soft: 0,
  want_reboots_hard: 0,
  generation: 1,
  seen_generation: 0,
  seen_power: 'absent',
  seen_guest_off: false,
  seen_reboots_soft: 0,
  seen_reboots_hard: 0,
  seen_step: null,
  seen_fault: null,
}
const bound = { seen_ports: [{ bound_host: 'h' }] }
const running = { seen_generation: 1, seen_power: 'running' } as const
const offByItself = { seen_generation: 1, seen_power: 'stopped', seen_guest_off: true } as const
const fault = { code: 500, message: 'no', at: '2026-01-01T00:00:00Z' }
const impossible = { code: 'x', message: 'y', permanent: true }

type Row = [what: string, server: Partial<ServerFacts>, vm: Partial<VmFacts> | null, step: Step]
const rows: Row[] = [
  ['new', {}, null, 'place'],
  ['claimed', {}, { generation: 0 }, 'ensure-ports'],
  ['claimed, no ports wanted', { seen_ports: [] }, { generation: 0 }, 'revise-vm'],
  ['claimed, ports made', bound, { generation: 0 }, 'revise-vm'],
  ['a port on another host', { seen_ports: [{ bound_host: 'x' }] }, {}, 'ensure-ports'],
  ['placed and bound', bound, {}, 'await-agent'],
  [
    'a transient fault of the agent',
    bound,
    { seen_generation: 1, seen_fault: { ...impossible, permanent: false } },
    'await-agent',
  ],
  ['the agent says impossible', bound, { seen_generation: 1, seen_fault: impossible }, 'record-fault'],
  [
    'an older "impossible" does not count',
    { ...bound, generation: 2 },
    { generation: 2, seen_generation: 1, seen_fault: impossible },
    'await-agent',
  ],
  ['runs', bound, running, 'record-seen'],
  ['runs and is known to', { ...bound, seen_generation: 1 }, running, 'rest'],
  ['changed meanwhile', { ...bound, generation: 2, seen_generation: 1 }, running, 'revise-vm'],
  ['a reboot is due', bound, { ...running, want_reboots_hard: 1 }, 'await-agent'],
  [
    'stopped behind our back',
    { ...bound, seen_generation: 1 },
    { ...running, seen_power: 'stopped' },
    'await-agent',
  ],
  ['its guest switched itself off', { ...bound, seen_generation: 1 }, offByItself, 'follow-guest'],
  ['also before it was seen to run', bound, offByItself, 'follow-guest'],
  [
    'and something newer is wanted',
    { ...bound, generation: 2, seen_generation: 1 },
    offByItself,
    'revise-vm',
  ],
  [
    'that switched itself off at an older generation',
    { ...bound, generation: 2, seen_generation: 1 },
    { ...offByItself, generation: 2 },
    'await-agent',
  ],
  [
    'off by itself, and so it is wanted',
    { ...bound, generation: 2, seen_generation: 1 },
    { ...offByItself, want_power: 'stopped', generation: 2, seen_generation: 2, seen_guest_off: false },
    'record-seen',
  ],
  ['its guest switched itself off after a failure', { ...bound, fault }, offByItself, 'rest'],
  ['its guest switched itself off while deleted', { ...bound, want_deleted: true }, offByItself, 'remove-vm'],
  ['failed', { fault }, null, 'rest'],
  ['deleted before anything', { want_deleted: true }, null, 'release-ports'],
  ['deleted after a failure', { want_deleted: true, fault }, null, 'release-ports'],
  ['deleted while running', { ...bound, want_deleted: true }, running, 'remove-vm'],
  ['deleted, the host at work', { ...bound, want_deleted: true }, { want_power: 'gone' }, 'await-agent'],
  [
    'deleted, the host down',
    { ...bound, want_deleted: true },
    { want_power: 'gone', host_up: false },
    'release-ports',
  ],
  ['deleted, vm gone', { ...bound, want_deleted: true }, null, 'release-ports'],
  ['deleted, all released', { seen_ports: [], want_deleted: true }, null, 'forget-server'],
]

describe('the next step', () => {
  test.each(rows)('%s', (_what, s, v, step) => {
    expect(next({ ...server, ...s }, v && { ...vm, ...v })).toBe(step)
  })
})

/** Every combination of facts leads somewhere: a wait or rest only where somebody else moves, or nothing is wanted. */
test('no state without an exit', () => {
  const maybe = [false, true]
  for (const want_deleted of maybe)
    for (const f of [null, fault])
      for (const seen_ports of [null, [], [{ bound_host: null }], [{ bound_host: 'h' }]])
        for (const generation of [1, 2])
          for (const v of [
            null,
            {},
            running,
            { ...running, want_power: 'gone' as const },
            { host_up: false },
          ]) {
            const s = { ...server, want_deleted, fault: f, seen_ports, generation }
            const step = next(s, v && { ...vm, ...v })
            if (step === 'rest') expect(want_deleted).toBe(false)
            if (step === 'rest') expect(f !== null || s.seen_generation === generation).toBe(true)
            if (step === 'await-agent') expect(v).not.toBeNull()
          }
})

describe('what a client sees', () => {
  const seen = { ...bound, seen_generation: 1 }
  test.each([
    ['scheduling', {}, null, 'BUILD', 'scheduling'],
    ['networking', {}, { generation: 0 }, 'BUILD', 'networking'],
    ['fetching the image', bound, { seen_step: 'image' }, 'BUILD', 'block_device_mapping'],
    ['starting', bound, { seen_step: 'start' }, 'BUILD', 'spawning'],
    ['running', seen, running, 'ACTIVE', null],
    ['powering off', seen, { ...running, want_power: 'stopped' }, 'ACTIVE', 'powering-off'],
    ['off', seen, { ...running, want_power: 'stopped', seen_power: 'stopped' }, 'SHUTOFF', null],
    ['powering on', seen, { ...running, seen_power: 'stopped' }, 'SHUTOFF', 'powering-on'],
    ['off by itself', seen, offByItself, 'SHUTOFF', null],
    ['rebooting', seen, { ...running, want_reboots_soft: 1 }, 'REBOOT', 'rebooting'],
    ['rebooting hard', seen, { ...running, want_reboots_hard: 1 }, 'HARD_REBOOT', 'rebooting_hard'],
    ['failed', { fault }, null, 'ERROR', null],
    ['deleting', { ...seen, want_deleted: true }, running, 'ACTIVE', 'deleting'],
    ['deleting while building', { want_deleted: true }, null, 'BUILD', 'deleting'],
  ] as [string, Partial<ServerFacts>, Partial<VmFacts> | null, string, string | null][])(
    '%s',
    (_what, s, v, status, task) => {
      const shown = statusOf({ ...server, ...s }, v && { ...vm, ...v })
      expect([shown.status, shown.task_state]).toEqual([status, task])
    },
  )
})

test('a refusal names the state and what would be possible', () => {
  expect(refusalOf('start', { ...server, ...bound, seen_generation: 1 }, { ...vm, ...running })).toBe(
    'while it is in vm_state active; it is possible in SHUTOFF',
  )
  expect(refusalOf('stop', { ...server, ...bound, seen_generation: 1 }, { ...vm, ...running })).toBeNull()
})
