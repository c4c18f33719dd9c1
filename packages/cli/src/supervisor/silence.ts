/**
 * When a process that runs counts as hanging: it has answered in this life, then it was asked again and again for
 * longer than our patience and said nothing. What it answers does not matter: a service without its database says so.
 * Several questions are needed because a supervisor that stood still itself has heard nobody either.
 *
 * All pure; times in ms of one monotonic clock.
 */
export interface Silence {
  /** it has answered once */
  heard: boolean
  /** of the first question without an answer; null: the last one was answered */
  since: number | null
  /** questions without an answer, in a row */
  asked: number
}

/** A process that an earlier supervisor started this long ago has had the time to come up. */
const SURELY_UP_MS = 120_000
const LEAST_ASKED = 5

/** @param adoptedAgeMs how long ago an earlier supervisor started it; null: we did, just now */
export const silenceAtFirst = (adoptedAgeMs: number | null): Silence => ({
  heard: adoptedAgeMs !== null && adoptedAgeMs > SURELY_UP_MS,
  since: null,
  asked: 0,
})

export function listen(silence: Silence, answered: boolean, at: number): Silence {
  if (answered) return { heard: true, since: null, asked: 0 }
  if (!silence.heard) return silence
  return { heard: true, since: silence.since ?? at, asked: silence.asked + 1 }
}

export const isHanging = ({ since, asked }: Silence, at: number, patienceMs: number): boolean =>
  since !== null && asked >= LEAST_ASKED && at - since >= patienceMs
