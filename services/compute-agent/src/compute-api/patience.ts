import { setTimeout as sleep } from 'node:timers/promises'
import type { Logger } from '@caelum/kernel'

/** Longest pause between two tries to reach compute, ms: short, so that a host is back soon after its control plane. */
const MAX_PAUSE_MS = 5_000

/** Counts failures to reach compute, logs the first and the end of a series, and pauses between tries. */
export class Patience {
  #log: Logger
  #what: string
  #failures = 0

  constructor(log: Logger, what: string) {
    this.#log = log
    this.#what = what
  }

  succeeded(): void {
    if (this.#failures > 0) this.#log.info({ call: this.#what, failures: this.#failures }, 'compute is back')
    this.#failures = 0
  }

  /** Ends early, without an error, when `signal` is aborted. */
  async failed(error: unknown, signal: AbortSignal): Promise<void> {
    if (signal.aborted) return
    const level = this.#failures === 0 ? 'warn' : 'debug'
    this.#log[level]({ call: this.#what, error: (error as Error).message }, 'compute cannot be reached')
    this.#failures += 1
    const ceiling = Math.min(MAX_PAUSE_MS, 100 * 2 ** Math.min(this.#failures, 10))
    await sleep(ceiling * (0.5 + Math.random() / 2), undefined, { signal }).catch(() => undefined)
  }
}
