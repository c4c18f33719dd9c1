import { setTimeout as sleep } from 'node:timers/promises'

/** Looks until `look` says true; throws, naming `what`, when it has not within `timeoutMs`. */
export async function until(what: string, look: () => Promise<boolean>, timeoutMs: number): Promise<void> {
  const deadline = Date.now() + timeoutMs
  while (!(await look())) {
    if (Date.now() > deadline) throw new Error(`Still not after ${timeoutMs / 1000} s: ${what}.`)
    await sleep(25)
  }
}
