/**
 * One JSON-RPC 1.0 session with an OVSDB server (RFC 7047, section 4).
 *
 * Both sides may probe with `echo`. We answer at once, and we probe ourselves when nothing was heard for `probe_ms`:
 * a server that hangs, or a peer behind a dead link, would otherwise look alive for ever. A session that is lost is
 * lost: every pending call is rejected with ConnectionLost and nothing is retried here, because whether a `transact`
 * was applied is then unknown and only the caller can look. `Replica` reconnects.
 */
import type { Socket } from 'node:net'
import { JsonSplitter, ProtocolError } from './split.ts'
import { openSocket, showTarget, type Target, type Tls } from './target.ts'

/** The session ended before the answer came; a transaction may or may not have been applied. */
export class ConnectionLost extends Error {
  override name = 'ConnectionLost'
}

/** The server answered the call itself with an error, e.g. "unknown database". */
export class RpcError extends Error {
  override name = 'RpcError'
  readonly code: string
  constructor(method: string, error: unknown) {
    const { error: code, details } = (typeof error === 'object' && error ? error : {}) as {
      error?: string
      details?: string
    }
    super(`${method}: ${code ?? JSON.stringify(error)}${details ? `: ${details}` : ''}`)
    this.code = code ?? 'unknown'
  }
}

export interface ConnectionOptions {
  tls?: Tls
  /** time to connect, ms */
  connect_ms?: number
  /** silence after which we ask, and after which again we give up, ms */
  probe_ms?: number
  /** `update`, `update2`, `locked`, ...: everything that is neither an answer nor an echo */
  onNotification?: (method: string, params: unknown[]) => void
}

interface Message {
  id?: unknown
  method?: string
  params?: unknown[]
  result?: unknown
  error?: unknown
}

interface Pending {
  method: string
  resolve: (result: unknown) => void
  reject: (error: Error) => void
}

export class Connection {
  /** Resolves once, with the reason, when the session has ended. */
  readonly closed: Promise<Error>
  #socket: Socket
  #splitter = new JsonSplitter()
  #pending = new Map<number, Pending>()
  #nextId = 1
  #heard = true
  #probing = false
  #reason: Error | undefined
  #onNotification: NonNullable<ConnectionOptions['onNotification']>

  static async open(target: Target, options: ConnectionOptions = {}): Promise<Connection> {
    const socket = await openSocket(target, options.connect_ms ?? 5_000, options.tls)
    return new Connection(socket, showTarget(target), options)
  }

  private constructor(socket: Socket, peer: string, options: ConnectionOptions) {
    const probe_ms = options.probe_ms ?? 5_000
    this.#socket = socket
    this.#onNotification = options.onNotification ?? (() => undefined)
    const probe = setInterval(() => this.#probe(peer, probe_ms), probe_ms)
    this.closed = new Promise(resolve => {
      socket.once('close', () => {
        clearInterval(probe)
        const reason = this.#reason ?? new ConnectionLost(`${peer} closed the connection`)
        for (const call of this.#pending.values())
          call.reject(new ConnectionLost(`${call.method}: ${reason.message}`, { cause: reason }))
        this.#pending.clear()
        resolve(reason)
      })
    })
    socket.on('error', error => {
      this.#reason ??= new ConnectionLost(`${peer}: ${error.message}`, { cause: error })
    })
    socket.on('data', chunk => this.#receive(chunk))
  }

  call(method: string, params: readonly unknown[]): Promise<unknown> {
    if (this.#reason || this.#socket.destroyed)
      return Promise.reject(
        new ConnectionLost(`${method}: ${this.#reason?.message ?? 'connection is closed'}`),
      )
    const id = this.#nextId++
    return new Promise((resolve, reject) => {
      this.#pending.set(id, { method, resolve, reject })
      this.#send({ id, method, params })
    })
  }

  /** Ends the session; `reason` is what pending calls and `closed` get. */
  close(reason: Error = new ConnectionLost('connection was closed by us')): void {
    this.#reason ??= reason
    this.#socket.destroy()
  }

  #send(message: unknown): void {
    this.#socket.write(JSON.stringify(message))
  }

  #probe(peer: string, probe_ms: number): void {
    if (this.#heard) {
      this.#heard = false
      this.#probing = false
    } else if (this.#probing) {
      this.close(new ConnectionLost(`${peer} did not answer a probe within ${probe_ms} ms`))
    } else {
      this.#probing = true
      this.#send({ id: 'echo', method: 'echo', params: [] })
    }
  }

  #receive(chunk: Buffer): void {
    this.#heard = true
    try {
      for (const message of this.#splitter.push(chunk)) this.#dispatch(message as Message)
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error
      this.close(error)
    }
  }

  #dispatch({ id, method, params, result, error }: Message): void {
    if (this.#reason) return
    if (method === 'echo') this.#send({ id, result: params ?? [], error: null })
    else if (typeof method === 'string') this.#onNotification(method, params ?? [])
    else if (id !== 'echo') {
      const call = this.#pending.get(id as number)
      if (!call) throw new ProtocolError(`answer to a call that was never made (id ${JSON.stringify(id)})`)
      this.#pending.delete(id as number)
      if (error != null) call.reject(new RpcError(call.method, error))
      else call.resolve(result)
    }
  }
}
