import type { Logger } from '@caelum/kernel'
import type { KeyRing } from './signing/key-ring.ts'

const EVERY_MS = 60_000

/** Once a minute: forgets what has expired, and rotates the signing key when its days are over. */
export function startUpkeep(parts: {
  prune: () => Promise<number>
  keys: KeyRing
  signingKeyDays: number
  log: Logger
}) {
  const { prune, keys, signingKeyDays, log } = parts
  let running = Promise.resolve()
  const once = async () => {
    try {
      const forgotten = await prune()
      if (forgotten > 0) log.info({ rows: forgotten }, 'expired rows removed')
      if ((await keys.rotateIfOlder(signingKeyDays, new Date())) === 'added') log.info('signing key rotated')
    } catch (error) {
      log.warn({ err: error }, 'upkeep failed and will be tried again')
    }
  }
  const timer = setInterval(() => {
    running = running.then(once)
  }, EVERY_MS)
  timer.unref()
  return {
    async stop() {
      clearInterval(timer)
      await running
    },
  }
}
