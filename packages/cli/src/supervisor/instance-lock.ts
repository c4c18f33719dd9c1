import { createServer } from 'node:net'

/**
 * At most one supervisor per instance: a name in Linux' abstract socket namespace, which two processes cannot hold
 * and which is free again the moment its holder dies, however it dies.
 *
 * @returns false when another process holds it
 */
export async function takeInstanceLock(instanceId: string): Promise<boolean> {
  const server = createServer(socket => socket.destroy())
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'EADDRINUSE') resolve(false)
      else reject(error)
    })
    server.listen(`\0caelum-${instanceId}`, () => {
      server.unref()
      resolve(true)
    })
  })
}
