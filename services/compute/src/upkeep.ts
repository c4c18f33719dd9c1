import type { Logger } from '@caelum/kernel'

/**
 * Does some work now and then, the first time at once; one round at a time. What fails is done in the next round.
 *
 * @param everyMs from the end of one round to the begin of the next
 */
export function startUpkeep(work: () => Promise<unknown>, log: Logger, everyMs = 60_000) {
  let stopped = false
  let pause: NodeJS.Timeout | undefined
  const round = async (): Promise<void> => {
    try {
      await work()
    } catch (error) {
      log.warn({ error: (error as Error).message }, 'upkeep failed and will be tried again')
    }
    if (!stopped) pause = setTimeout(next, everyMs)
  }
  const next = () => {
    running = round()
  }
  let running = round()
  return {
    async stop() {
      stopped = true
      clearTimeout(pause)
      await running
    },
  }
}
