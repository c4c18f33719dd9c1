/**
 * One connection to libvirtd's unix socket: calls, events, keepalive.
 *
 * Calls are pipelined and matched by serial; replies may come in any order. libvirtd reads no further from a client
 * that has `max_client_requests` (5 by default) calls under way, so pings behind them would starve and a healthy
 * daemon would look dead: at most `maxInFlight` calls are on the wire, the rest wait here, first come first served.
 * When a call's time is over (waiting included) the caller gets `LibvirtTimeout`, but a call on the wire keeps its
 * place there until libvirtd answers it, since it still occupies the daemon.
 *
 * A hung daemon (stopped, swapped out, deadlocked main loop) keeps its socket open, so silence is measured: when
 * nothing at all was received for an interval we ping, and after `keepalive.count` unanswered intervals the
 * connection is destroyed. libvirtd answers pings from its main loop, also while its workers are busy.
 *
 * A connection ends once: every pending and later call rejects with `LibvirtClosed`, `onClose` fires once. There is
 * no reconnecting here, because only the user knows what must be looked at again.
 */
import { connect as connectSocket, type Socket } from 'node:net'
import { LibvirtClosed, LibvirtError, LibvirtTimeout } from './error.ts'
import {
  encodeFrame,
  type Frame,
  FrameSplitter,
  MESSAGE_CALL,
  MESSAGE_EVENT,
  MESSAGE_REPLY,
  PROGRAM_KEEPALIVE,
  PROGRAM_REMOTE,
  STATUS_OK,
} from './frame.ts'
import { PROCEDURE, type ProcedureName } from './procedure.ts'
import { XdrReader, type XdrWriter } from './xdr.ts'

const KEEPALIVE_PING = 1
const KEEPALIVE_PONG = 2
const NO_PAYLOAD = Buffer.alloc(0)

export interface ConnectionOptions {
  socketPath: string
  /** for the socket to open */
  connectTimeoutMs: number
  /** default for a call */
  callTimeoutMs: number
  /** silence is answered with a ping every `intervalMs`; after `count` of them in a row the connection is dead */
  keepalive: { intervalMs: number; count: number }
  /** below the daemon's `max_client_requests` */
  maxInFlight: number
}

interface PendingCall {
  procedure: ProcedureName
  payload: Buffer
  timer: NodeJS.Timeout
  resolve: (reader: XdrReader) => void
  reject: (reason: Error) => void
}

export class Connection {
  private readonly socket: Socket
  private readonly options: ConnectionOptions
  private readonly splitter = new FrameSplitter()
  private readonly inFlight = new Map<number, PendingCall>()
  private readonly waiting: PendingCall[] = []
  private readonly eventListeners = new Set<(procedure: number, payload: Buffer) => void>()
  private readonly closeListeners = new Set<(reason: Error) => void>()
  private readonly keepaliveTimer: NodeJS.Timeout
  private serial = 0
  private silentIntervals = 0
  private closedBecause: LibvirtClosed | null = null

  private constructor(socket: Socket, options: ConnectionOptions) {
    this.socket = socket
    this.options = options
    socket.on('data', chunk => this.receive(chunk))
    socket.on('error', error => this.end(`libvirt connection failed: ${error.message}`))
    socket.on('close', () => this.end('libvirt closed the connection'))
    this.keepaliveTimer = setInterval(() => this.tick(), options.keepalive.intervalMs)
  }

  static async open(options: ConnectionOptions): Promise<Connection> {
    const socket = connectSocket(options.socketPath)
    const timer = setTimeout(
      () => socket.destroy(new Error(`not open after ${options.connectTimeoutMs} ms`)),
      options.connectTimeoutMs,
    )
    try {
      await new Promise<void>((resolve, reject) => {
        socket.once('connect', resolve)
        socket.once('error', reject)
      })
    } catch (error) {
      const words = error instanceof Error ? error.message : String(error)
      throw new LibvirtClosed(`no libvirt at ${options.socketPath}: ${words}`, { cause: error })
    } finally {
      clearTimeout(timer)
    }
    socket.removeAllListeners('error')
    return new Connection(socket, options)
  }

  get closed(): boolean {
    return this.closedBecause !== null
  }

  /** Rejects with `LibvirtError`, `LibvirtTimeout` or `LibvirtClosed`. */
  call(procedure: ProcedureName, payload?: XdrWriter, timeoutMs?: number): Promise<XdrReader> {
    if (this.closedBecause) return Promise.reject(this.closedBecause)
    const limitMs = timeoutMs ?? this.options.callTimeoutMs
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        const place = this.waiting.indexOf(call)
        if (place >= 0) this.waiting.splice(place, 1)
        reject(new LibvirtTimeout(`libvirt did not answer ${procedure} within ${limitMs} ms`))
      }, limitMs)
      const call = { procedure, payload: payload?.bytes() ?? NO_PAYLOAD, timer, resolve, reject }
      this.waiting.push(call)
      this.sendWaiting()
    })
  }

  onEvent(listener: (procedure: number, payload: Buffer) => void): () => void {
    this.eventListeners.add(listener)
    return () => this.eventListeners.delete(listener)
  }

  /** Called once, also when `close` ended it; at once (in a microtask) when it has ended already. */
  onClose(listener: (reason: Error) => void): () => void {
    const reason = this.closedBecause
    if (reason) queueMicrotask(() => listener(reason))
    else this.closeListeners.add(listener)
    return () => this.closeListeners.delete(listener)
  }

  close(): void {
    this.end('closed by us')
  }

  private sendWaiting(): void {
    while (this.inFlight.size < this.options.maxInFlight) {
      const call = this.waiting.shift()
      if (!call) return
      this.serial = (this.serial % 0xffff_ffff) + 1
      const serial = this.serial
      this.inFlight.set(serial, call)
      this.send(PROGRAM_REMOTE, PROCEDURE[call.procedure], MESSAGE_CALL, serial, call.payload)
    }
  }

  private send(program: number, procedure: number, type: number, serial: number, payload: Buffer): void {
    this.socket.write(encodeFrame({ program, procedure, type, serial, status: STATUS_OK, payload }))
  }

  private receive(chunk: Buffer): void {
    this.silentIntervals = 0
    try {
      for (const frame of this.splitter.push(chunk)) this.dispatch(frame)
    } catch (error) {
      this.end(`libvirt sent nonsense: ${error instanceof Error ? error.message : error}`)
    }
  }

  private dispatch(frame: Frame): void {
    if (frame.program === PROGRAM_KEEPALIVE) {
      if (frame.procedure === KEEPALIVE_PING) this.sendKeepalive(KEEPALIVE_PONG)
    } else if (frame.type === MESSAGE_EVENT) {
      for (const listener of this.eventListeners) listener(frame.procedure, frame.payload)
    } else if (frame.type === MESSAGE_REPLY) {
      this.settle(frame)
    }
  }

  private settle(frame: Frame): void {
    const call = this.inFlight.get(frame.serial)
    if (!call) return
    const reader = new XdrReader(frame.payload)
    const error = frame.status === STATUS_OK ? null : LibvirtError.read(reader)
    this.inFlight.delete(frame.serial)
    clearTimeout(call.timer)
    if (error) call.reject(error)
    else call.resolve(reader)
    this.sendWaiting()
  }

  private tick(): void {
    if (this.silentIntervals > this.options.keepalive.count) {
      this.end(`libvirt was silent for ${this.options.keepalive.count} keepalive intervals`)
    } else if (this.silentIntervals++ > 0) {
      this.sendKeepalive(KEEPALIVE_PING)
    }
  }

  private sendKeepalive(procedure: number): void {
    this.send(PROGRAM_KEEPALIVE, procedure, MESSAGE_EVENT, 0, NO_PAYLOAD)
  }

  private end(message: string): void {
    if (this.closedBecause) return
    const reason = new LibvirtClosed(message)
    this.closedBecause = reason
    clearInterval(this.keepaliveTimer)
    this.socket.destroy()
    for (const call of [...this.inFlight.values(), ...this.waiting]) {
      clearTimeout(call.timer)
      call.reject(reason)
    }
    this.inFlight.clear()
    this.waiting.length = 0
    for (const listener of this.closeListeners) listener(reason)
    this.closeListeners.clear()
  }
}
