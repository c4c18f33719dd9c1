/**
 * The driver's standing connection to libvirtd, made again whenever it is lost.
 *
 * Two connections, both or none: `look` for what answers at once and for events, `work` for what may take long (start,
 * stop, undefine). libvirtd works on a handful of calls per connection, so with one alone, four guests that start
 * slowly would hide the state of all others. When either ends, both are ended and a new pair is tried with jittered
 * backoff; after every success the listeners hear `null`, since events were lost meanwhile.
 */
import { setTimeout as delay } from 'node:timers/promises'
import type { Logger } from '@caelum/kernel'
import { Libvirt, type LifecycleEvent, SHUTDOWN_BY_HOST } from '@caelum/libvirt'
import { DriverFault } from '../fault.ts'

const FIRST_PAUSE_MS = 100
const LONGEST_PAUSE_MS = 5_000
/** generous: under TCG, on a loaded host, a start may take this long */
const WORK_TIMEOUT_MS = 60_000
const LOOK_TIMEOUT_MS = 10_000

export interface SessionOptions {
  socketPath: string
  uri: string
  /** see `LibvirtOptions` */
  keepalive: { intervalMs: number; count: number }
  log: Logger
}

export interface Pair {
  look: Libvirt
  work: Libvirt
  hypervisorVersion: number
}

/**
 * A domain changed its state (`terminated`: its QEMU was told to end) or was reset by its guest; `null`: any may have.
 */
export type SessionEvent = {
  uuid: string
  name: string
  what: 'started' | 'terminated' | 'lifecycle' | 'reboot'
} | null

export class Session {
  private readonly options: SessionOptions
  private readonly listeners = new Set<(event: SessionEvent) => void>()
  private readonly ending = new AbortController()
  private readonly whenUp = new Set<() => void>()
  private pair: Pair | null = null
  private started = false
  private lastWords = ''

  constructor(options: SessionOptions) {
    this.options = options
  }

  get up(): boolean {
    return this.pair !== null
  }

  /** Resolves at the first connection, or after `wait_ms`. */
  async open(wait_ms: number): Promise<void> {
    if (!this.started) {
      this.started = true
      void this.keepConnected()
    }
    if (this.pair || wait_ms === 0) return
    await new Promise<void>(resolve => {
      const done = () => {
        clearTimeout(timer)
        this.whenUp.delete(done)
        resolve()
      }
      const timer = setTimeout(done, wait_ms)
      this.whenUp.add(done)
    })
  }

  async close(): Promise<void> {
    this.ending.abort()
    const { pair } = this
    this.pair = null
    await Promise.all([pair?.look.close(), pair?.work.close()])
  }

  /** The connections; throws `hypervisor-down` when there are none. */
  get(): Pair {
    if (this.pair) return this.pair
    throw new DriverFault(
      'hypervisor-down',
      `no connection to libvirt: ${this.lastWords || 'not opened yet'}`,
    )
  }

  onEvent(listener: (event: SessionEvent) => void): () => void {
    this.listeners.add(listener)
    return () => this.listeners.delete(listener)
  }

  /** Resolves at the next event of this domain (or of all), at the latest after `within_ms`. */
  async nextEvent(uuid: string, within_ms: number, signal?: AbortSignal): Promise<void> {
    signal?.throwIfAborted()
    await new Promise<void>(resolve => {
      const done = () => {
        clearTimeout(timer)
        off()
        signal?.removeEventListener('abort', done)
        resolve()
      }
      const timer = setTimeout(done, within_ms)
      const off = this.onEvent(event => {
        if (event === null || event.uuid === uuid) done()
      })
      signal?.addEventListener('abort', done)
    })
    signal?.throwIfAborted()
  }

  private emit(event: SessionEvent): void {
    for (const listener of this.listeners) listener(event)
  }

  private async keepConnected(): Promise<void> {
    const { log } = this.options
    let pauseMs = FIRST_PAUSE_MS
    while (!this.ending.signal.aborted) {
      try {
        const { ended } = await this.connectOnce()
        pauseMs = FIRST_PAUSE_MS
        this.lastWords = (await ended).message
        if (!this.ending.signal.aborted) log.warn({ reason: this.lastWords }, 'lost libvirt')
      } catch (error) {
        const words = error instanceof Error ? error.message : String(error)
        if (words !== this.lastWords) log.warn({ reason: words }, 'cannot reach libvirt, trying on')
        this.lastWords = words
      }
      await this.pause(pauseMs * (0.5 + Math.random()))
      pauseMs = Math.min(pauseMs * 2, LONGEST_PAUSE_MS)
    }
  }

  /** Connects and announces it; `ended` resolves with the reason when either connection has ended. */
  private async connectOnce(): Promise<{ ended: Promise<Error> }> {
    const { socketPath, uri, keepalive, log } = this.options
    const opened: Libvirt[] = []
    try {
      const look = await Libvirt.connect({ socketPath, uri, keepalive, callTimeoutMs: LOOK_TIMEOUT_MS })
      opened.push(look)
      const work = await Libvirt.connect({ socketPath, uri, keepalive, callTimeoutMs: WORK_TIMEOUT_MS })
      opened.push(work)
      const ended = new Promise<Error>(resolve => {
        for (const libvirt of opened) {
          libvirt.onClose(reason => {
            this.pair = null
            for (const other of opened) void other.close()
            resolve(reason)
          })
        }
      })
      await look.onLifecycle(event => {
        const { uuid, name } = event.domain
        this.emit({ uuid, name, what: whatHappened(event) })
      })
      await look.onReboot(({ uuid, name }) => this.emit({ uuid, name, what: 'reboot' }))
      // the first call that needs QEMU makes libvirt probe it: better now than at the first guest
      const hypervisorVersion = await look.hypervisorVersion()
      if (this.ending.signal.aborted) throw new DriverFault('hypervisor-down', 'the driver is closed')
      this.pair = { look, work, hypervisorVersion }
      this.lastWords = ''
      log.info({ hypervisorVersion, libvirt: await look.libraryVersion() }, 'connected to libvirt')
      for (const resolve of this.whenUp) resolve()
      this.emit(null)
      return { ended }
    } catch (error) {
      this.pair = null
      await Promise.all(opened.map(libvirt => libvirt.close()))
      throw error
    }
  }

  private async pause(ms: number): Promise<void> {
    await delay(ms, undefined, { signal: this.ending.signal }).catch(() => undefined)
  }
}

const whatHappened = ({ event, detail }: LifecycleEvent): 'started' | 'terminated' | 'lifecycle' => {
  if (event === 'shutdown' && detail === SHUTDOWN_BY_HOST) return 'terminated'
  return event === 'started' ? event : 'lifecycle'
}
