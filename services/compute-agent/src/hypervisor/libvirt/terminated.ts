import type { SeenDomain } from '../driver.ts'
import type { Session } from './session.ts'

/**
 * Guests whose QEMU was told to end by somebody on the host (a plain `kill`, an init that stops everything). libvirt's
 * state calls that a shutdown like the guest's own; only the event tells them apart. Who did not hear it (no agent ran,
 * the connection was lost) takes it for the guest's will.
 */
export class Terminated {
  readonly #ids = new Set<string>()

  constructor(session: Pick<Session, 'onEvent'>) {
    session.onEvent(event => {
      if (event === null) this.#ids.clear()
      else if (event.what === 'terminated') this.#ids.add(event.uuid)
      else if (event.what === 'started') this.#ids.delete(event.uuid)
    })
  }

  /** The domain as it is seen by who heard the events. */
  correct(seen: SeenDomain): SeenDomain {
    return seen.off_reason === 'guest' && this.#ids.has(seen.id) ? { ...seen, off_reason: 'host' } : seen
  }
}
