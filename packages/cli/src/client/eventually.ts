import { setTimeout as sleep } from 'node:timers/promises'
import { CommandError } from '../command.ts'

const LOOK_MS = 100

/**
 * Looks until `look` gives something else than undefined.
 *
 * @param what ends the sentence "gave up waiting for ..."
 * @param doing says what was seen last, for the error
 */
export async function eventually<T>(
  what: string,
  timeoutMs: number,
  look: () => Promise<T | undefined>,
  doing: () => string = () => '',
): Promise<T> {
  const deadline = performance.now() + timeoutMs
  for (;;) {
    const found = await look()
    if (found !== undefined) return found
    if (performance.now() > deadline)
      throw new CommandError(`gave up waiting for ${what} after ${timeoutMs / 1000} s ${doing()}`.trimEnd())
    await sleep(LOOK_MS)
  }
}
