import { chmodSync, rmSync } from 'node:fs'
import { createServer, type Server, type Socket } from 'node:net'
import { createInterface } from 'node:readline'
import { type ControlAnswer, ControlRequest } from './control-protocol.ts'

type Handle = (request: ControlRequest) => Promise<ControlAnswer>

/** The caller holds the instance's lock, so a socket file that exists is a dead one. */
export async function serveControl(path: string, handle: Handle): Promise<Server> {
  rmSync(path, { force: true })
  const server = createServer(socket => serve(socket, handle))
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(path, resolve)
  })
  chmodSync(path, 0o600)
  return server
}

function serve(socket: Socket, handle: Handle): void {
  const lines = createInterface({ input: socket })
  // a client that hangs up is no matter of ours; readline repeats the socket's errors
  for (const source of [socket, lines]) source.on('error', () => socket.destroy())
  lines.on('line', async line => {
    const answer = await answerTo(line, handle)
    if (socket.writable) socket.write(`${JSON.stringify(answer)}\n`)
  })
}

async function answerTo(line: string, handle: Handle): Promise<ControlAnswer> {
  try {
    return await handle(ControlRequest.parse(JSON.parse(line)))
  } catch (error) {
    return { ok: false, error: error instanceof Error ? error.message : String(error) }
  }
}
