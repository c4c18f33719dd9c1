import type { BlobStore } from '@caelum/blob'
import type { Clock, Logger } from '@caelum/kernel'
import type { ObjectStore } from './store.ts'

const BATCH = 1_000

/**
 * Deletes objects whose `X-Delete-At` has passed. They are invisible from that moment on; this frees their bytes.
 * Dying between the row and the bytes leaves them to the sweep of the store.
 */
export function startExpiry(options: {
  store: Pick<ObjectStore, 'removeExpired'>
  blobs: Pick<BlobStore, 'remove'>
  clock: Clock
  log: Logger
  everyMs: number
}): { close(): Promise<void> } {
  const { store, blobs, clock, log, everyMs } = options
  let timer: NodeJS.Timeout | undefined
  let closed = false

  const look = async () => {
    try {
      const removed = await store.removeExpired(clock.now(), BATCH)
      await blobs.remove(removed)
      if (removed.length > 0) log.info({ objects: removed.length }, 'deleted objects whose time had come')
    } catch (error) {
      log.warn({ error: (error as Error).message }, 'expired objects could not be deleted')
    }
    if (!closed) timer = setTimeout(() => (looking = look()), everyMs)
  }
  let looking = look()

  return {
    async close() {
      closed = true
      clearTimeout(timer)
      await looking
    },
  }
}
