import { expect, test } from 'vitest'
import { isHanging, listen, silenceAtFirst } from '../src/supervisor/silence.ts'

type Look = [at: number, answered: boolean]
const silent = (from: number, to: number, every = 3_000): Look[] =>
  Array.from({ length: Math.floor((to - from) / every) + 1 }, (_, n) => [from + n * every, false])

const rows: [what: string, looks: Look[], hangs: boolean][] = [
  ['never asked', [], false],
  ['answers', [[0, true]], false],
  ['silent from the start: it is still coming up', silent(0, 300_000), false],
  ['silent since a moment ago', [[0, true], ...silent(2_000, 29_000)], false],
  ['silent for half a minute', [[0, true], ...silent(2_000, 32_000)], true],
  [
    'silent, but for one answer',
    [[0, true], ...silent(2_000, 29_000), [30_000, true], ...silent(32_000, 59_000)],
    false,
  ],
  [
    'silent again for long',
    [[0, true], ...silent(2_000, 29_000), [30_000, true], ...silent(32_000, 63_000)],
    true,
  ],
  [
    'we stood still ourselves',
    [
      [0, true],
      [2_000, false],
      [90_000, false],
      [93_000, false],
    ],
    false,
  ],
]

test.each(rows)('%s', (_what, looks, hangs) => {
  const heard = looks.reduce((silence, [at, answered]) => listen(silence, answered, at), silenceAtFirst(null))
  expect(isHanging(heard, looks.at(-1)?.[0] ?? 0, 30_000)).toBe(hangs)
})

test.each([
  ['one that an earlier supervisor started long ago is known to have been up', 600_000, true],
  ['one that it had just started is not', 1_000, false],
])('%s', (_what, ageMs, hangs) => {
  const heard = silent(0, 30_000).reduce(
    (silence, [at, answered]) => listen(silence, answered, at),
    silenceAtFirst(ageMs),
  )
  expect(isHanging(heard, 30_000, 30_000)).toBe(hangs)
})
