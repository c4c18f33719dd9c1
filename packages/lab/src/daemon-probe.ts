import { connect } from 'node:net'

const PROBE_TIMEOUT_MS = 2000

/** Does something accept connections on this unix socket? */
export function accepts(socketPath: string): Promise<boolean> {
  return new Promise(resolve => {
    const socket = connect(socketPath)
    const answer = (yes: boolean) => {
      socket.destroy()
      resolve(yes)
    }
    socket.setTimeout(PROBE_TIMEOUT_MS, () => answer(false))
    socket.once('connect', () => answer(true))
    socket.once('error', () => answer(false))
  })
}

/**
 * Asks a daemon of Open vSwitch or OVN over its control socket, as `ovs-appctl` does (JSON-RPC, ovs-appctl(8)).
 * Null when it does not answer or refuses.
 */
export function askDaemon(controlSocket: string, command: string): Promise<string | null> {
  return new Promise(resolve => {
    const socket = connect(controlSocket)
    let reply = ''
    const answer = (text: string | null) => {
      socket.destroy()
      resolve(text)
    }
    socket.setEncoding('utf8')
    socket.setTimeout(PROBE_TIMEOUT_MS, () => answer(null))
    socket.once('error', () => answer(null))
    socket.once('end', () => answer(null))
    socket.once('connect', () => socket.write(JSON.stringify({ id: 0, method: command, params: [] })))
    socket.on('data', (chunk: string) => {
      reply += chunk
      const message = parsed(reply)
      if (message !== null) answer(typeof message.result === 'string' ? message.result.trim() : null)
    })
  })
}

function parsed(text: string): { result: unknown } | null {
  try {
    return JSON.parse(text)
  } catch {
    return null // not all of it has arrived
  }
}
