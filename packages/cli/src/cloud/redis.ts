import { mkdirSync } from 'node:fs'
import { createConnection } from 'node:net'
import { join } from 'node:path'
import type { Location } from '../instance/location.ts'
import { readSecret } from '../instance/secrets.ts'
import type { Unit } from '../supervisor/unit.ts'

/** set by `up` when REDIS_URL points to a Redis that somebody else runs */
export const EXTERNAL_REDIS = 'external-redis-url'

/** @param url what services get as REDIS_URL */
export type Bells = { url: string; unit: Unit }

function pong(socketPath: string): Promise<boolean> {
  return new Promise(resolve => {
    const socket = createConnection(socketPath, () => socket.write('PING\r\n'))
    const finish = (good: boolean) => {
      socket.destroy()
      resolve(good)
    }
    socket.setTimeout(1_000, () => finish(false))
    socket.once('error', () => finish(false))
    socket.once('data', data => finish(data.toString().startsWith('+PONG')))
  })
}

/** Our own redis-server on a unix socket, or nothing but the URL of somebody else's. */
export function redis(location: Location): Bells {
  const external = readSecret(location, EXTERNAL_REDIS)
  if (external !== undefined) return { url: external, unit: { name: 'redis', after: [] } }
  const dir = join(location.dataDir, 'redis')
  const socket = join(location.runDir, 'redis.sock')
  const settings = {
    port: '0',
    unixsocket: socket,
    unixsocketperm: '700',
    dir,
    appendonly: 'yes',
    appendfsync: 'everysec',
    save: '',
    'maxmemory-policy': 'noeviction',
    daemonize: 'no',
    // a changed title would overwrite the environment that marks the process as ours
    'set-proc-title': 'no',
  }
  return {
    url: socket,
    unit: {
      name: 'redis',
      after: [],
      prepare: async () => {
        mkdirSync(dir, { recursive: true, mode: 0o700 })
      },
      process: () => ({
        name: 'redis',
        argv: ['redis-server', ...Object.entries(settings).flatMap(([key, value]) => [`--${key}`, value])],
        ready: () => pong(socket),
      }),
    },
  }
}
