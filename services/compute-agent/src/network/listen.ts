/**
 * A listening socket inside another network namespace. A process cannot step into a namespace and out again without
 * native code, but a socket stays where it was made: a short-lived child is started inside, listens there, hands the
 * socket over and ends. One agent process so serves any number of namespaces.
 */
import { spawn } from 'node:child_process'
import type { Server, Socket } from 'node:net'
import { SYSTEM_PATH } from './run.ts'

const CHILD = `
const server = require('node:net').createServer({ pauseOnConnect: true })
server.on('error', error => process.send({ error: error.message }, () => process.disconnect()))
process.once('message', ({ address, port }) => server.listen({ host: address, port, backlog: 64 }, () =>
  process.send({}, server, () => { server.close(); process.disconnect() })))
`
const TIMEOUT_MS = 10_000

/**
 * Listens on `address` inside the namespace at `path`; connections come paused.
 * @throws Error when the namespace is not there or the address cannot be bound
 */
export function listenInside(
  path: string,
  address: { address: string; port: number },
  onConnection: (socket: Socket) => void,
): Promise<Server> {
  return new Promise((resolve, reject) => {
    const child = spawn('nsenter', [`--net=${path}`, process.execPath, '-e', CHILD], {
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
      env: { PATH: SYSTEM_PATH },
    })
    let words = ''
    child.stderr!.on('data', data => {
      words = `${words}${data}`.slice(0, 500)
    })
    const late = setTimeout(() => child.kill('SIGKILL'), TIMEOUT_MS)
    const fail = (why: string) => reject(new Error(`cannot listen in ${path}: ${why}`))
    child.on('error', error => fail(error.message))
    child.on('exit', (code, signal) => {
      clearTimeout(late)
      fail(words.trim() || `the child ended with ${signal ?? code}`)
    })
    child.on('message', (reply, handle) => {
      if (!handle) return fail((reply as { error?: string }).error ?? 'no socket came')
      const server = handle as Server
      server.on('connection', onConnection)
      resolve(server)
    })
    child.send(address, error => {
      if (error) fail(error.message)
    })
  })
}
