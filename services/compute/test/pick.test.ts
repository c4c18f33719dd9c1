import { expect, test } from 'vitest'
import { type Candidate, explain, pick } from '../src/scheduler/pick.ts'

const host = (name: string, more: Partial<Candidate> = {}): Candidate => ({
  id: name,
  name,
  enabled: true,
  up: true,
  availabilityZone: 'nova',
  vcpus: { total: 16, used: 0 },
  ramMb: { total: 4_096, used: 0 },
  diskGb: { total: 100, used: 0 },
  vms: 0,
  ...more,
})
const asked = { vcpus: 1, ramMb: 1_024, diskGb: 1, host: null, availabilityZone: null, group: null }

test('the emptiest host by share of memory wins, then the one with fewer vms, then the name', () => {
  const half = { ramMb: { total: 4_096, used: 2_048 } }
  expect(pick([host('a', half), host('b')], asked).best?.name).toBe('b')
  expect(pick([host('a', { vms: 1 }), host('b')], asked).best?.name).toBe('b')
  expect(pick([host('b'), host('a')], asked).best?.name).toBe('a')
})

test('every refusal carries its numbers, and the sentence sums them up without names', () => {
  const { best, verdicts } = pick(
    [
      host('a', { ramMb: { total: 4_096, used: 3_072 + 1 } }),
      host('b', { ramMb: { total: 4_096, used: 4_096 } }),
      host('c', { enabled: false }),
      host('d', { up: false }),
      host('e', { diskGb: { total: 0, used: 0 } }),
      host('f', { vcpus: { total: 1, used: 1 } }),
    ],
    asked,
  )
  expect(best).toBeNull()
  expect(explain(verdicts)).toBe(
    '6 hosts: 2 too little RAM (needs 1024 MiB, free 0–1023), 1 disabled, 1 down, 1 too little disk (needs 1 GiB, free 0), 1 too little vcpus (needs 1, free 0)',
  )
  expect(explain(verdicts)).not.toMatch(/\b[a-f]\b/)
})

test('a host asked for by name is the only one considered', () => {
  const { best, verdicts } = pick([host('a'), host('b')], { ...asked, host: 'b' })
  expect(best?.name).toBe('b')
  expect(verdicts[0]?.refusal).toEqual({ why: 'other-host', needs: 'b' })
})

test('no hosts at all is said plainly', () => {
  expect(explain(pick([], asked).verdicts)).toBe('no host has registered yet')
})
