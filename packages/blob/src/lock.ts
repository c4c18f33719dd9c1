import { createHash } from 'node:crypto'
import { realpath } from 'node:fs/promises'
import { createServer, type Server } from 'node:net'

export interface FolderLock {
  release(): Promise<void>
}

/**
 * One owner for a folder: a socket in Linux's abstract namespace, named after the folder. The kernel takes it back
 * when the process dies, however it dies, so there is never a stale lock. A restart waits for its predecessor.
 *
 * @throws Error when somebody else still has the folder after `waitMs`
 */
export async function lockFolder(folder: string, waitMs = 15_000): Promise<FolderLock> {
  const digest = createHash('sha256')
    .update(await realpath(folder))
    .digest('hex')
  const deadline = Date.now() + waitMs
  for (;;) {
    const server = await claim(`\0caelum-folder-${digest}`)
    if (server) return { release: () => new Promise(resolve => server.close(() => resolve())) }
    if (Date.now() > deadline) throw new Error(`another process is using ${folder}`)
    await new Promise(resolve => setTimeout(resolve, 50))
  }
}

function claim(name: string): Promise<Server | undefined> {
  const server = createServer(socket => socket.destroy())
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) =>
      error.code === 'EADDRINUSE' ? resolve(undefined) : reject(error),
    )
    server.listen({ path: name }, () => resolve(server.unref()))
  })
}
