/**
 * A bell is a BullMQ job `{kind, id}` and nothing more: "look at this". It may be lost, repeated or late; the sweep
 * finds whatever it missed. That is why ringing never throws and never waits for a Redis that is away.
 */
import { type Logger, offerGauges } from '@caelum/kernel'
import { type ConnectionOptions, Queue, Worker } from 'bullmq'
import { Redis } from 'ioredis'

export interface Bell {
  /** says "look at `id`"; returns at once, whether or not anybody hears */
  ring(id: string): void
  /** calls `hear` for every ring, up to `concurrency` at a time; rings for one id are not heard at the same time */
  listen(concurrency: number, hear: (id: string) => Promise<void>): void
  close(): Promise<void>
}

/**
 * While a job is active, rings for its id are kept behind it. A process that dies in the middle leaves its jobs active,
 * and rings for those ids unheard, for at most twice this long.
 */
const STALLED_MS = 5_000

/** `url` is `redis://...` or the path of a unix socket. `name` is `<service>.<kind>`. */
export function openBell({ url, name, log }: { url: string; name: string; log: Logger }): Bell {
  const ringing = connect(
    url,
    { enableOfflineQueue: false, maxRetriesPerRequest: 0, commandTimeout: 2_000 },
    log,
  )
  const queue = new Queue(name, { connection: ringing, skipVersionCheck: true })
  queue.on('error', () => undefined)
  const withdraw = offerGauges(async () => {
    const counts = await queue.getJobCounts('waiting', 'active', 'delayed')
    return Object.entries(counts).map(([state, value]) => ({
      name: 'caelum_queue_jobs',
      help: 'Rings of a bell that wait, or are being looked at',
      labels: { queue: name, state },
      value,
    }))
  })
  let worker: Worker | undefined
  let hearing: Redis | undefined
  return {
    ring(id) {
      queue
        .add(
          'look',
          { id },
          {
            deduplication: { id, keepLastIfActive: true },
            removeOnComplete: true,
            removeOnFail: true,
          },
        )
        .catch(error =>
          log.debug({ bell: name, id, error: (error as Error).message }, 'the bell could not be rung'),
        )
    },
    listen(concurrency, hear) {
      hearing = connect(url, { maxRetriesPerRequest: null }, log)
      worker = new Worker<{ id: string }>(name, job => hear(job.data.id), {
        connection: hearing as unknown as ConnectionOptions,
        concurrency,
        skipVersionCheck: true,
        lockDuration: STALLED_MS,
        stalledInterval: STALLED_MS,
        removeOnComplete: { count: 0 },
        removeOnFail: { count: 0 },
      })
      worker.on('error', error =>
        log.debug({ bell: name, error: error.message }, 'the bell is not connected'),
      )
    },
    async close() {
      withdraw()
      await worker?.close(true).catch(() => undefined)
      await queue.close().catch(() => undefined)
      hearing?.disconnect()
      ringing.disconnect()
    },
  }
}

function connect(url: string, options: object, log: Logger): Redis {
  const shared = { ...options, retryStrategy: (times: number) => Math.min(100 * times, 1_000) }
  const redis = url.startsWith('/') ? new Redis(url, shared) : new Redis(url, shared)
  let down = false
  redis.on('error', error => {
    if (!down) log.warn({ error: error.message }, 'Redis is away; work goes on by the sweep')
    down = true
  })
  redis.on('ready', () => {
    if (down) log.info('Redis is back')
    down = false
  })
  return redis
}
