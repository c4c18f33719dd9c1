import { connect as connectTcp, type Socket } from 'node:net'
import { connect as connectTls } from 'node:tls'

/** Contents (not paths) of PEM files for `ssl:` targets: both sides prove who they are. */
export interface Tls {
  ca: string
  cert: string
  key: string
}

export type Target =
  | { kind: 'unix'; path: string }
  | { kind: 'tcp'; host: string; port: number }
  | { kind: 'ssl'; host: string; port: number }

/** Open vSwitch's spelling: `unix:/path`, `tcp:host:port`, `ssl:host:port`, several separated by commas (ovsdb(7)). */
export const parseTargets = (text: string): Target[] => text.split(',').map(part => parseTarget(part.trim()))

const parseTarget = (text: string): Target => {
  if (text.startsWith('unix:') && text.length > 5) return { kind: 'unix', path: text.slice(5) }
  const match = /^(tcp|ssl):(?:\[([0-9a-fA-F:.%\w]+)\]|([^:[\]]+)):(\d{1,5})$/.exec(text)
  const port = Number(match?.[4])
  if (!match || port < 1 || port > 65535)
    throw new Error(`"${text}" is no OVSDB target: use unix:/path, tcp:host:port or ssl:host:port`)
  return { kind: match[1] as 'tcp' | 'ssl', host: match[2] ?? match[3]!, port }
}

export const showTarget = (target: Target): string =>
  target.kind === 'unix' ? `unix:${target.path}` : `${target.kind}:${target.host}:${target.port}`

/** Resolves when connected (for ssl: when the handshake is done and the server's certificate was verified). */
export const openSocket = (target: Target, timeout_ms: number, tls?: Tls): Promise<Socket> =>
  new Promise((resolve, reject) => {
    if (target.kind === 'ssl' && !tls)
      throw new Error('an ssl: target needs a CA, a certificate and a private key')
    const socket =
      target.kind === 'unix'
        ? connectTcp(target.path)
        : target.kind === 'tcp'
          ? connectTcp(target.port, target.host)
          : // ovsdb's certificates name no hosts: being signed by our CA is the proof (ovs-pki(8))
            connectTls({ host: target.host, port: target.port, ...tls, checkServerIdentity: () => undefined })
    const timer = setTimeout(() => {
      socket.destroy(new Error(`no connection to ${showTarget(target)} within ${timeout_ms} ms`))
    }, timeout_ms)
    const fail = (error: Error) => {
      clearTimeout(timer)
      reject(error)
    }
    socket.once('error', fail)
    socket.once(target.kind === 'ssl' ? 'secureConnect' : 'connect', () => {
      clearTimeout(timer)
      socket.off('error', fail)
      if (target.kind !== 'unix') socket.setNoDelay(true)
      resolve(socket)
    })
  })
