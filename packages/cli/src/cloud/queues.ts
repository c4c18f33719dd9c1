import { Redis } from 'ioredis'

export type Queue = { name: string; waiting: number; active: number; delayed: number }

const LONGEST_MS = 2_000

/**
 * The bells that wait, by queue, as BullMQ keeps them in Redis.
 *
 * @param url `redis://...` or the path of a unix socket
 * @throws Error when Redis does not answer
 */
export async function queues(url: string): Promise<Queue[]> {
  const options = {
    lazyConnect: true,
    maxRetriesPerRequest: 0,
    commandTimeout: LONGEST_MS,
    retryStrategy: () => null,
  }
  const redis = url.startsWith('/') ? new Redis(url, options) : new Redis(url, options)
  // told by the promises below
  redis.on('error', () => undefined)
  try {
    await redis.connect()
    const names = (await redis.keys('bull:*:meta'))
      .map(key => key.slice('bull:'.length, -':meta'.length))
      .sort()
    return await Promise.all(
      names.map(async name => {
        const [waiting, active, delayed] = await Promise.all([
          redis.llen(`bull:${name}:wait`),
          redis.llen(`bull:${name}:active`),
          redis.zcard(`bull:${name}:delayed`),
        ])
        return { name, waiting, active, delayed }
      }),
    )
  } finally {
    redis.disconnect()
  }
}
