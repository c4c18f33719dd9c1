/** What follows when a process has ended: how long to wait before the next one, and how patient to be with it. Pure. */

/** One life of a process, from the try to start it to its end. */
export interface Life {
  ms: number
  /** null: it was killed, never started, or nobody knows */
  status: number | null
  /** it was killed because it hung */
  hung: boolean
}

/** Ends in a row, of each kind; a long enough life ends the row. */
export interface Ends {
  failures: number
  hangs: number
  /** somebody else had taken its place */
  displaced: number
}

export const NO_ENDS: Ends = { failures: 0, hangs: 0, displaced: 0 }

const MINUTE_MS = 60_000
const STEADY_MS: Ends = { failures: 10_000, hangs: 10 * MINUTE_MS, displaced: 60 * MINUTE_MS }

const FIRST_PAUSE_MS = 100
const LONGEST_PAUSE_MS = 5_000
/** Whoever took the place is not to be pushed out again and again. */
const FIRST_DISPLACED_PAUSE_MS = MINUTE_MS
const LONGEST_DISPLACED_PAUSE_MS = 16 * MINUTE_MS

/** how long one that answered once may be silent */
export const PATIENCE_MS = 30_000
const MOST_DOUBLED = 4

const doubled = (first: number, times: number, longest: number): number =>
  Math.min(first * 2 ** Math.min(times, 30), longest)

/** @param displacedStatus the exit status by which this process says that somebody else has taken its place */
export function afterLife(
  before: Ends,
  life: Life,
  displacedStatus?: number,
): { ends: Ends; pauseMs: number; isDisplaced: boolean } {
  const row = (kind: keyof Ends) => (life.ms > STEADY_MS[kind] ? 0 : before[kind])
  const isDisplaced = life.status !== null && life.status === displacedStatus
  return {
    ends: {
      failures: row('failures') + 1,
      hangs: row('hangs') + (life.hung ? 1 : 0),
      displaced: row('displaced') + (isDisplaced ? 1 : 0),
    },
    isDisplaced,
    pauseMs: isDisplaced
      ? doubled(FIRST_DISPLACED_PAUSE_MS, row('displaced'), LONGEST_DISPLACED_PAUSE_MS)
      : doubled(FIRST_PAUSE_MS, row('failures'), LONGEST_PAUSE_MS),
  }
}

/** Twice as long after every hang in a row: what needs longer than we thought is not killed for ever. */
export const patienceWith = ({ hangs }: Ends, firstMs: number): number =>
  firstMs * 2 ** Math.min(hangs, MOST_DOUBLED)
