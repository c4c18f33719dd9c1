/**
 * Asking an API while things are being killed behind it. Being away (no connection, 502 to 504) is allowed and waited
 * out; any other answer is an answer, and a 500 never is one: it fails the test that got it.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { ApiError } from '../../packages/cli/src/client/session.ts'
import { CommandError } from '../../packages/cli/src/command.ts'

const PAUSE_MS = 100

export const isAway = (error: unknown): boolean =>
  error instanceof ApiError ? [502, 503, 504].includes(error.status) : error instanceof CommandError

/**
 * Repeats `ask` until it is answered. Only for what may be repeated.
 *
 * @throws what was answered; after `withinMs`, the last failure
 */
export async function patiently<T>(ask: () => Promise<T>, withinMs = 30_000): Promise<T> {
  const deadline = performance.now() + withinMs
  for (;;) {
    try {
      return await ask()
    } catch (error) {
      if (!isAway(error) || performance.now() > deadline) throw error
      await sleep(PAUSE_MS)
    }
  }
}
