import type { Logger } from '@caelum/kernel'
import pg from 'pg'

export interface Listener {
  close(): Promise<void>
}

/**
 * LISTEN on channels with one connection of its own, for ever: a lost connection is opened again. Notifications are
 * hints, so `onAny` is called with null after every (re)connect: whatever was missed meanwhile must be looked up.
 */
export function listen(
  options: { url: string; channels: readonly string[]; log: Logger; retryMs?: number },
  onAny: (notification: { channel: string; payload: string } | null) => void,
): Listener {
  const { url, channels, log, retryMs = 500 } = options
  let closed = false
  let client: pg.Client | undefined
  let timer: NodeJS.Timeout | undefined

  const again = () => {
    client = undefined
    if (!closed) timer = setTimeout(connect, retryMs)
  }
  const connect = async () => {
    const mine = new pg.Client({ connectionString: url, connectionTimeoutMillis: 5_000, keepAlive: true })
    client = mine
    let ended = false
    const lost = (error?: Error) => {
      if (ended) return
      ended = true
      if (!closed) log.warn({ error: error?.message }, 'the notification connection was lost')
      mine.end().catch(() => undefined)
      again()
    }
    mine.on('error', lost)
    mine.on('end', () => lost())
    mine.on('notification', n => onAny({ channel: n.channel, payload: n.payload ?? '' }))
    try {
      await mine.connect()
      for (const channel of channels) await mine.query(`LISTEN ${pg.escapeIdentifier(channel)}`)
      if (!closed) onAny(null)
    } catch (error) {
      lost(error as Error)
    }
  }
  void connect()
  return {
    close: async () => {
      closed = true
      clearTimeout(timer)
      await client?.end().catch(() => undefined)
    },
  }
}
