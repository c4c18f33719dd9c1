/**
 * Which uploads are under way in this process. The row of an image names its upload; an upload that no process works
 * on (we died, or the database was away when it failed) must not keep the image in `saving`. The same look at start
 * and every few seconds sets such images back to queued. It is right because this process owns the data folder and
 * thereby every upload; an upload begun while we look is newer than `before` and left alone.
 */
import { type Logger, newId } from '@caelum/kernel'
import type { ImageStore } from './store.ts'

const LOOK_MS = 5_000

export interface Uploads {
  /** runs `work` with the id of a new upload */
  during<T>(work: (uploadId: string) => Promise<T>): Promise<T>
  close(): Promise<void>
}

export function keepUploads(store: Pick<ImageStore, 'abandonUploads'>, log: Logger): Uploads {
  const live = new Set<string>()
  let timer: NodeJS.Timeout | undefined
  let closed = false

  const look = async () => {
    try {
      const freed = await store.abandonUploads(newId(), [...live])
      if (freed > 0) log.warn({ images: freed }, 'uploads that nobody works on were given up')
    } catch (error) {
      log.warn({ error: (error as Error).message }, 'uploads could not be looked at')
    }
    if (!closed) timer = setTimeout(() => (looking = look()), LOOK_MS)
  }
  let looking = look()

  return {
    async during(work) {
      const uploadId = newId()
      live.add(uploadId)
      try {
        return await work(uploadId)
      } finally {
        live.delete(uploadId)
      }
    },
    async close() {
      closed = true
      clearTimeout(timer)
      await looking
    },
  }
}
