/**
 * HTTP for the guests of this host, all networks in one server. It owns no listening socket: connections are accepted
 * in the namespace of their network and given to `serve` together with that network's id.
 *
 * Guests are not trusted: sizes, times and the number of connections are bounded, per network too, so that one tenant
 * cannot take the service from the others. Answers come from memory, so compute may be away.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import type { Logger } from '@caelum/kernel'
import type { Directory } from './directory.ts'
import { lookUp } from './tree.ts'

const MAX_PER_NETWORK = 64
const MAX_IDLE_MS = 10_000

export class MetadataServer {
  #server: Server
  #networkOf = new WeakMap<Socket, string>()
  #open = new Map<string, Set<Socket>>()
  #directory: Directory
  #log: Logger

  constructor(directory: Directory, log: Logger) {
    this.#directory = directory
    this.#log = log
    this.#server = createServer(
      {
        maxHeaderSize: 8_192,
        headersTimeout: MAX_IDLE_MS,
        requestTimeout: MAX_IDLE_MS,
        keepAliveTimeout: MAX_IDLE_MS,
        connectionsCheckingInterval: 5_000,
      },
      (request, response) => this.#handle(request, response),
    )
    this.#server.maxRequestsPerSocket = 1_000
  }

  /** Takes over a connection that was accepted on the metadata port of a network. */
  serve(socket: Socket, networkId: string): void {
    const open = this.#open.get(networkId) ?? new Set<Socket>()
    if (open.size >= MAX_PER_NETWORK) {
      socket.destroy()
      return
    }
    this.#open.set(networkId, open.add(socket))
    this.#networkOf.set(socket, networkId)
    socket.setTimeout(MAX_IDLE_MS, () => socket.destroy())
    socket.on('error', () => socket.destroy())
    socket.once('close', () => {
      open.delete(socket)
      if (open.size === 0 && this.#open.get(networkId) === open) this.#open.delete(networkId)
    })
    this.#server.emit('connection', socket)
    socket.resume()
  }

  close(): void {
    for (const open of this.#open.values()) for (const socket of open) socket.destroy()
    this.#server.close()
  }

  #handle(request: IncomingMessage, response: ServerResponse): void {
    const networkId = this.#networkOf.get(request.socket)
    const address = request.socket.remoteAddress
    const method = request.method ?? ''
    const vm = networkId && address && this.#directory.find(networkId, address)
    const status = vm && address ? this.#answer(request, response, vm, address) : refuse(response, 404)
    this.#log.debug({ network: networkId, from: address, vm: vm ? vm.id : null, method, status }, 'metadata')
  }

  #answer(
    request: IncomingMessage,
    response: ServerResponse,
    vm: Parameters<typeof lookUp>[0],
    address: string,
  ): number {
    if (request.method !== 'GET' && request.method !== 'HEAD') return refuse(response, 405)
    const path = pathOf(request.url ?? '/')
    const found = path === null ? null : lookUp(vm, path, address)
    if (!found) return refuse(response, 404)
    const charset = found.type === 'text/plain' ? '; charset=UTF-8' : ''
    response.writeHead(200, {
      'content-type': `${found.type}${charset}`,
      'content-length': Buffer.byteLength(found.body),
    })
    response.end(found.body)
    return 200
  }
}

/** The decoded path of a request target; null when it is no path. */
function pathOf(target: string): string | null {
  try {
    return decodeURIComponent(target.replace(/^https?:\/\/[^/]*/, '').replace(/[?#].*$/s, ''))
  } catch {
    return null
  }
}

function refuse(response: ServerResponse, status: 404 | 405): number {
  // a body we do not read must not be taken for the next request
  response.writeHead(status, { 'content-type': 'text/plain; charset=UTF-8', connection: 'close' })
  response.end(status === 404 ? 'Not Found' : 'Method Not Allowed')
  return status
}
