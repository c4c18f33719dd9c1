import type { SeenVm, WantedVm } from '@caelum/agent-protocol'
import type { SeenDomain } from '../hypervisor/driver.ts'
import { type Fault, factsOf } from './facts.ts'
import type { Climbed, Step } from './state.ts'

/** The reason with which waiting ends when the want changes. */
export const INTERRUPTED = new Error('something else is wanted now')

/** What the loop remembers of one wanted vm. All of it can be found again by looking. */
export class Entry {
  want: WantedVm
  seen: SeenDomain | null = null
  /** false until the hypervisor was seen: before that nothing is known, and nothing is reported */
  looked = false
  /** what is done now or comes next; `rest` means that seen was as wanted */
  step: Step['do'] = 'rest'
  /** it came to rest at this generation */
  rested = false
  climbed: Climbed = {}
  fault: Fault | null = null
  /** the pause is because the hypervisor did not answer */
  blind = false
  tries = 0
  walking = false
  woken = false
  /** number of the newest full look that is older than our own last look or act */
  actedAt = 0
  /** ms since the epoch; 0 when this process did not start it */
  startedAt = 0
  #pause: NodeJS.Timeout | null = null
  #interrupt = new AbortController()
  #answered = 0
  #told: { facts: string; step: SeenVm['step'] } | null = null

  constructor(want: WantedVm) {
    this.want = want
  }

  /** Ends waiting steps. */
  get signal(): AbortSignal {
    return this.#interrupt.signal
  }

  get paused(): boolean {
    return this.#pause !== null
  }

  /** A newer want: nothing that was climbed, tried or refused before counts. */
  change(want: WantedVm): void {
    const newer = want.generation !== this.want.generation
    this.want = want
    if (!newer) return
    this.climbed = {}
    this.fault = null
    this.tries = 0
    this.startedAt = 0
    this.rested = false
    this.end()
    this.#interrupt = new AbortController()
  }

  pause(ms: number, wake: () => void): void {
    this.endPause()
    this.#pause = setTimeout(() => {
      this.#pause = null
      wake()
    }, ms)
  }

  endPause(): void {
    clearTimeout(this.#pause ?? undefined)
    this.#pause = null
    this.blind = false
  }

  /** Ends pause and waiting. */
  end(): void {
    this.endPause()
    this.#interrupt.abort(INTERRUPTED)
  }

  /** null while nothing is known */
  facts(): SeenVm | null {
    if (!this.looked) return null
    const facts = factsOf(this.want, this.seen, this.step, this.fault, this.#answered)
    this.#answered = facts.generation
    return facts
  }

  /** @returns whether the facts differ from those of the last call, or only the step, or nothing */
  news(): 'facts' | 'step' | null {
    const all = this.facts()
    if (!all) return null
    const { step, ...rest } = all
    const told = { facts: JSON.stringify(rest), step }
    const before = this.#told
    this.#told = told
    if (told.facts !== before?.facts) return 'facts'
    return told.step === before.step ? null : 'step'
  }
}
