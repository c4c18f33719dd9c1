import { describe, expect, test } from 'vitest'
import {
  afterLife,
  type Ends,
  type Life,
  NO_ENDS,
  PATIENCE_MS,
  patienceWith,
} from '../src/supervisor/after-life.ts'

const MINUTE_MS = 60_000
const SHORT: Life = { ms: 10, status: 1, hung: false }

describe('after a life', () => {
  type Row = [what: string, before: Partial<Ends>, life: Partial<Life>, pauseMs: number, ends: Partial<Ends>]
  test.each<Row>([
    ['the first failure', {}, {}, 100, { failures: 1 }],
    ['the third in a row', { failures: 2 }, {}, 400, { failures: 3 }],
    ['the hundredth', { failures: 99 }, {}, 5_000, { failures: 100 }],
    ['a steady life ends the row', { failures: 99 }, { ms: 10_001 }, 100, { failures: 1 }],
    ['it hung', {}, { ms: 40_000, hung: true, status: null }, 100, { failures: 1, hangs: 1 }],
    [
      'it hung again',
      { hangs: 1 },
      { ms: MINUTE_MS, hung: true, status: null },
      100,
      { failures: 1, hangs: 2 },
    ],
    [
      'it hung after ten good minutes',
      { hangs: 3 },
      { ms: 11 * MINUTE_MS, hung: true },
      100,
      { failures: 1, hangs: 1 },
    ],
    ['displaced', {}, { status: 3 }, MINUTE_MS, { failures: 1, displaced: 1 }],
    [
      'displaced after a minute, twice',
      { displaced: 2 },
      { status: 3, ms: MINUTE_MS },
      4 * MINUTE_MS,
      { failures: 1, displaced: 3 },
    ],
    [
      'displaced all the time',
      { displaced: 50 },
      { status: 3 },
      16 * MINUTE_MS,
      { failures: 1, displaced: 51 },
    ],
    [
      'displaced after two good hours',
      { displaced: 9 },
      { status: 3, ms: 120 * MINUTE_MS },
      MINUTE_MS,
      { failures: 1, displaced: 1 },
    ],
  ])('%s', (_what, before, life, pauseMs, ends) => {
    const next = afterLife({ ...NO_ENDS, ...before }, { ...SHORT, ...life }, 3)
    expect(next).toEqual({ pauseMs, ends: { ...NO_ENDS, ...ends }, isDisplaced: life.status === 3 })
  })

  test('the status of others means nothing special', () => {
    expect(afterLife(NO_ENDS, { ...SHORT, status: 3 })).toMatchObject({ pauseMs: 100, isDisplaced: false })
    expect(afterLife(NO_ENDS, { ...SHORT, status: null })).toMatchObject({ pauseMs: 100, isDisplaced: false })
  })
})

test.each([
  [0, 30],
  [1, 60],
  [4, 480],
  [40, 480],
])('patience after %i hangs in a row: %i s', (hangs, s) => {
  expect(patienceWith({ ...NO_ENDS, hangs }, PATIENCE_MS)).toBe(s * 1_000)
})
