/** Wakes long polls of a host when its wanted list changed: a hint from PostgreSQL, with a time-out behind it. */
import { EventEmitter } from 'node:events'
import { type Listener, listen } from '@caelum/db'
import type { Logger } from '@caelum/kernel'

export interface Wakeups {
  /** ends on the next hint for the host, or after `withinMs`; ask for it before looking, or a hint may be missed */
  next(hostId: string, withinMs: number): { done: Promise<void>; cancel(): void }
  close(): Promise<void>
}

export function openWakeups({ url, log }: { url: string; log: Logger }): Wakeups {
  const hints = new EventEmitter()
  hints.setMaxListeners(0)
  const listener: Listener = listen({ url, channels: ['compute_host'], log }, notification => {
    if (notification) hints.emit(notification.payload)
    else for (const host of hints.eventNames()) hints.emit(host)
  })
  return {
    next(hostId, withinMs) {
      const { promise: done, resolve } = Promise.withResolvers<void>()
      const cancel = () => {
        clearTimeout(timer)
        hints.off(hostId, cancel)
        resolve()
      }
      const timer = setTimeout(cancel, withinMs)
      hints.once(hostId, cancel)
      return { done, cancel }
    },
    close: () => listener.close(),
  }
}
