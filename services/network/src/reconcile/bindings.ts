/**
 * Where ports are up, as OVN's southbound database says: `Port_Binding.up` is set by a host once the port is plugged and
 * its flows are in place. This copies the fact to `seen_up` and `seen_host`, which nobody else writes.
 *
 * Changes only say where to look; what is saved is the level at the time of saving, and every `wholeMs` all ports are
 * compared, so a change that was missed costs time and nothing else.
 */
import { setTimeout as pause } from 'node:timers/promises'
import { isUuid, type Logger } from '@caelum/kernel'
import type { Change, Replica } from '@caelum/ovsdb'
import type { Southbound } from '../ovn/tables.ts'
import type { ReconcileStore, SeenPort } from './store.ts'

export interface BindingsOptions {
  store: ReconcileStore
  sb: Replica<Southbound>
  log: Logger
  wholeMs?: number
}

const BATCH = 500

export class Bindings {
  #options: Required<BindingsOptions>
  #byPort = new Map<string, Southbound['Port_Binding']>()
  #dirty = new Set<string>()
  #whole = true
  #timer: NodeJS.Timeout | undefined
  #running: Promise<void> | null = null
  #stopped = true

  constructor(options: BindingsOptions) {
    this.#options = { wholeMs: 30_000, ...options }
  }

  start(): void {
    this.#stopped = false
    this.#timer = setInterval(() => this.lookAtAll(), this.#options.wholeMs)
    this.lookAtAll()
  }

  async stop(): Promise<void> {
    this.#stopped = true
    clearInterval(this.#timer)
    await this.#running
  }

  lookAtAll(): void {
    this.#whole = true
    this.#look()
  }

  /** To be called with every change of the southbound replica. */
  onChange(changes: readonly Change<Southbound>[]): void {
    for (const { table, old, row } of changes) {
      if (table !== 'Port_Binding') continue
      const id = (row ?? old)!.logical_port
      if (row) this.#byPort.set(id, row)
      else this.#byPort.delete(id)
      if (isUuid(id)) this.#dirty.add(id)
    }
    this.#look()
  }

  #look(): void {
    if (this.#running || this.#stopped) return
    this.#running = this.#save()
      .catch(async error => {
        this.#whole = true
        const { message } = error as Error
        this.#options.log.warn({ error: message }, 'what OVN says of ports could not be saved')
        await pause(500)
      })
      .finally(() => {
        this.#running = null
        if (this.#dirty.size && this.#options.sb.state === 'complete') this.#look()
      })
  }

  async #save(): Promise<void> {
    const { store, sb } = this.#options
    if (sb.state !== 'complete') return
    if (this.#whole) {
      this.#whole = false
      for (const known of await store.seenPorts()) {
        const now = this.#levelOf(known.id)
        if (now.up !== known.up || now.host !== known.host) this.#dirty.add(known.id)
      }
    }
    while (this.#dirty.size) {
      const ids = [...this.#dirty].slice(0, BATCH)
      for (const id of ids) this.#dirty.delete(id)
      await store.saveSeenPorts(ids.map(id => this.#levelOf(id)))
    }
  }

  #levelOf(id: string): SeenPort {
    const binding = this.#byPort.get(id)
    const chassis = binding?.chassis ? this.#options.sb.rows('Chassis').get(binding.chassis) : undefined
    return { id, up: binding?.up === true, host: chassis ? chassis.hostname || chassis.name : null }
  }
}
