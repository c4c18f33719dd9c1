/**
 * Tells waiters that something changed; each looks for itself whether it is what it waits for. There is no message
 * to miss: a level is looked at, not an edge.
 */
export class Board {
  #waiters = new Set<() => void>()

  changed(): void {
    const waiters = [...this.#waiters]
    this.#waiters.clear()
    for (const wake of waiters) wake()
  }

  /** @throws the signal's reason when it is aborted first */
  async until(condition: () => boolean, signal: AbortSignal): Promise<void> {
    while (!condition()) {
      signal.throwIfAborted()
      await new Promise<void>(resolve => {
        const wake = () => {
          signal.removeEventListener('abort', wake)
          resolve()
        }
        signal.addEventListener('abort', wake, { once: true })
        this.#waiters.add(wake)
      })
    }
    signal.throwIfAborted()
  }
}
