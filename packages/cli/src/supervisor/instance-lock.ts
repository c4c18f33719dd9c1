import { createServer } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'

/**
 * A lock that nobody can leave behind: a name in Linux' abstract socket namespace, which two processes cannot hold
 * and which is free again the moment its holder dies, however it dies.
 *
 * @returns how to release it; undefined when another process holds it
 */
function take(name: string): Promise<(() => void) | undefined> {
  const server = createServer(socket => socket.destroy())
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'EADDRINUSE') resolve(undefined)
      else reject(error)
    })
    server.listen(`\0${name}`, () => {
      server.unref()
      resolve(() => server.close())
    })
  })
}

/** At most one supervisor per instance, until it dies. @returns false when there is one */
export async function takeInstanceLock(instanceId: string): Promise<boolean> {
  return (await take(`caelum-${instanceId}`)) !== undefined
}

/** One `up` at a time decides what the instance is to be. */
export async function whileDeciding<T>(instanceId: string, action: () => Promise<T>): Promise<T> {
  for (;;) {
    const release = await take(`caelum-${instanceId}-deciding`)
    if (!release) {
      await sleep(50)
      continue
    }
    try {
      return await action()
    } finally {
      release()
    }
  }
}
