/** Wakes long polls of a host when its wanted list changed: a hint from PostgreSQL, with a time-out behind it. */
import { EventEmitter } from 'node:events'
import { type Listener, listen } from '@caelum/db'
import type { Logger } from '@caelum/kernel'

export interface Wakeups {
  /** ends on the next hint for the host, or after `withinMs`; ask for it before looking, or a hint may be missed */
  next(hostId: string, withinMs: number): { done: Promise<void>; cancel(): void }
  /** from now on nobody is to wait: whoever does is woken, and answers with what there is */
  end(): void
  readonly ended: boolean
  close(): Promise<void>
}

export function openWakeups({ url, log }: { url: string; log: Logger }): Wakeups {
  const hints = new EventEmitter()
  hints.setMaxListeners(0)
  const listener: Listener = listen({ url, channels: ['compute_host'], log }, notification => {
    if (notification) hints.emit(notification.payload)
    else wakeAll()
  })
  const wakeAll = () => {
    for (const host of hints.eventNames()) hints.emit(host)
  }
  let ended = false
  return {
    get ended() {
      return ended
    },
    end() {
      ended = true
      wakeAll()
    },
    next(hostId, withinMs) {
      const { promise: done, resolve } = Promise.withResolvers<void>()
      const cancel = () => {
        clearTimeout(timer)
        hints.off(hostId, cancel)
        resolve()
      }
      const timer = setTimeout(cancel, withinMs)
      hints.once(hostId, cancel)
      if (ended) cancel()
      return { done, cancel }
    },
    close: () => listener.close(),
  }
}
