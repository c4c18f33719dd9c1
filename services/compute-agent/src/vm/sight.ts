/**
 * One look at the hypervisor shared by all who ask at the same time. `fresh` answers with a list that was begun after
 * the call, so nobody acts on what was true before its own last step; a hundred workers that ask together cost one
 * or two lists.
 */
import type { HypervisorDriver, SeenDomain } from '../hypervisor/driver.ts'

export type Domains = ReadonlyMap<string, SeenDomain>

export class Sight {
  #driver: Pick<HypervisorDriver, 'list'>
  #running: Promise<unknown> | null = null
  #next: Promise<Domains> | null = null

  constructor(driver: Pick<HypervisorDriver, 'list'>) {
    this.#driver = driver
  }

  /** @throws DriverFault */
  fresh(): Promise<Domains> {
    this.#next ??= this.#after(this.#running)
    return this.#next
  }

  async #after(running: Promise<unknown> | null): Promise<Domains> {
    // lets everybody who asks in this turn of the event loop join
    await (running ?? Promise.resolve())
    this.#next = null
    const list = this.#driver.list()
    const settled = list.catch(() => undefined)
    this.#running = settled
    try {
      return new Map((await list).map(domain => [domain.id, domain]))
    } finally {
      if (this.#running === settled) this.#running = null
    }
  }
}
