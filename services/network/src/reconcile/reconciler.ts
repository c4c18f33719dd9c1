/**
 * Keeps OVN's northbound database saying what PostgreSQL says.
 *
 * One loop in each process of this service. It takes the rows that need a look, many at a time, loads what they want
 * now, and writes the difference to what OVN holds as one transaction. Rows come
 *
 *   - from requests of this process (`ring`), at once;
 *   - from the sweep, every `sweepMs`: rows whose `seen_generation` lags, and removed rows, whoever wrote them;
 *   - from the whole comparison: at the start, after every loss of the connection, when somebody else changed a row of
 *     ours, and every `wholeMs`. A wiped database is filled again by that and nothing else.
 *
 * Who writes what: only this writes `seen_generation` and takes rows out of `removals`, and only after northd said
 * (`sb_cfg`) that it has handed the transaction on to the hosts. Every transaction adds one to `nb_cfg` for that.
 *
 * If we die at any point nothing is lost: rows still lag and the next process finds them. Several processes may do the
 * same work; the comparison makes the second one a no-op or lets it fail on a constraint, after which it looks again.
 * A row that OVN refuses cannot hold up the others: a failing batch is halved until it is alone, and then it waits.
 */
import { setTimeout as pause } from 'node:timers/promises'
import type { Logger } from '@caelum/kernel'
import { type Change, ConnectionLost, type Replica } from '@caelum/ovsdb'
import { backoffMs, point } from '@caelum/reconcile'
import { DROP_GROUP } from '../ovn/acl.ts'
import { type Scope, wholeScope, writeDifference } from '../ovn/difference.ts'
import { OWNER_ID, wantedOf } from '../ovn/mapping.ts'
import type { NorthboundView } from '../ovn/northbound-view.ts'
import type { Northbound } from '../ovn/tables.ts'
import type { Topology } from '../ovn/topology.ts'
import type { PointName } from '../points.ts'
import { Marks } from './marks.ts'
import type { Kind } from './ring.ts'
import type { Loaded, ReconcileStore, SeenRow } from './store.ts'

export interface ReconcilerOptions {
  store: ReconcileStore
  nb: Replica<Northbound>
  view: NorthboundView
  log: Logger
  sweepMs?: number
  wholeMs?: number
}

/** Rows of one transaction: large enough to share its cost, small enough to keep others waiting only shortly. */
const BATCH = 256
/** Pause after each transaction, in which the next one gathers its rows: a lone row never waits, many share more. */
const GATHER_MS = 30

export class Reconciler {
  #options: Required<ReconcilerOptions>
  #marked = new Marks()
  #whole = true
  #waiting: { nb_cfg: number; rows: SeenRow[] }[] = []
  #delayed = new Map<string, { tries: number; until: number }>()
  #wake: () => void = () => undefined
  #timers: NodeJS.Timeout[] = []
  #running: Promise<void> = Promise.resolve()
  #stopped = true

  constructor(options: ReconcilerOptions) {
    this.#options = { sweepMs: 1_000, wholeMs: 30_000, ...options }
  }

  start(): void {
    this.#stopped = false
    const { sweepMs, wholeMs } = this.#options
    this.#timers = [
      setInterval(() => void this.#sweep(), sweepMs),
      setInterval(() => this.lookAtAll(), wholeMs),
    ]
    this.#running = this.#run()
  }

  async stop(): Promise<void> {
    this.#stopped = true
    for (const timer of this.#timers) clearInterval(timer)
    this.#wake()
    await this.#running
  }

  ring(kind: Kind, id: string): void {
    this.#marked.add(kind, id)
    this.#wake()
  }

  lookAtAll(): void {
    this.#whole = true
    this.#wake()
  }

  /**
   * To be called with every change of the northbound replica, after the view has it. What comes with a new nb_cfg was
   * written by us or another process of ours; when anybody else changes our rows, all are compared at once.
   */
  onChange(changes: readonly Change<Northbound>[]): void {
    const config = changes.find(change => change.table === 'NB_Global')
    if (config) this.#wake()
    const counted = config && nbCfgOf(config.old) !== nbCfgOf(config.row)
    const touchesOurs = changes.some(
      ({ table, old, row }) => table !== 'NB_Global' && (old ?? row)?.external_ids.has(OWNER_ID),
    )
    if (touchesOurs && !counted) this.lookAtAll()
  }

  /** To be called when the northbound replica becomes complete: what was written before may be lost. */
  onComplete(): void {
    this.#waiting = []
    this.lookAtAll()
  }

  /** How far OVN is behind: rows that need a look or wait for northd, and how far the newest transaction has come. */
  get status() {
    const { nb, view } = this.#options
    const { nb_cfg, sb_cfg, hv_cfg } = view.config ?? { nb_cfg: null, sb_cfg: null, hv_cfg: null }
    const waiting = this.#waiting.reduce((sum, { rows }) => sum + rows.length, 0)
    return { state: nb.state, marked: this.#marked.size, waiting, nb_cfg, sb_cfg, hv_cfg }
  }

  async #run(): Promise<void> {
    const { nb, log } = this.#options
    while (!this.#stopped) {
      try {
        if (await this.#saveSeen()) continue
        if (nb.state === 'complete' && this.#whole) await this.#lookAtWhole()
        else if (nb.state === 'complete' && this.#marked.size) {
          await this.#lookAt(this.#marked.take(BATCH))
          await pause(GATHER_MS)
        } else await this.#sleep(this.#options.wholeMs)
      } catch (error) {
        const level = error instanceof ConnectionLost ? 'info' : 'warn'
        log[level]({ error: (error as Error).message }, 'OVN could not be brought up to date; trying again')
        await pause(500)
      }
    }
  }

  #sleep(ms: number): Promise<void> {
    return new Promise(resolve => {
      const timer = setTimeout(resolve, ms)
      this.#wake = () => {
        clearTimeout(timer)
        resolve()
      }
      if (this.#stopped) this.#wake()
    })
  }

  async #sweep(): Promise<void> {
    try {
      const lagging = await this.#options.store.lagging(BATCH * 4)
      const waiting = new Set(this.#waiting.flatMap(({ rows }) => rows.map(row => `${row.kind}/${row.id}`)))
      for (const [kind, id] of lagging.entries()) {
        const key = `${kind}/${id}`
        if (!waiting.has(key) && !((this.#delayed.get(key)?.until ?? 0) > Date.now())) this.ring(kind, id)
      }
    } catch (error) {
      this.#options.log.warn({ error: (error as Error).message }, 'the sweep failed')
    }
  }

  async #lookAtWhole(): Promise<void> {
    const topology = await this.#options.store.load('all')
    this.#whole = false
    try {
      await this.#write('all', topology)
    } catch (error) {
      if (error instanceof ConnectionLost) throw error
      this.#options.log.warn(
        { error: (error as Error).message },
        'the whole comparison failed; going piece by piece',
      )
      const owners = this.#options.view.owners()
      for (const id of owners.networks) this.#marked.add('network', id)
      for (const id of owners.subnets) this.#marked.add('subnet', id)
      for (const id of owners.ports) this.#marked.add('port', id)
      for (const id of owners.groups) if (id !== DROP_GROUP) this.#marked.add('group', id)
    }
  }

  async #lookAt(marks: Marks): Promise<void> {
    const topology = await this.#options.store.load(marks).catch(error => {
      this.#marked.addAll(marks)
      throw error
    })
    try {
      await this.#write(marks, topology)
      for (const [kind, id] of marks.entries()) this.#delayed.delete(`${kind}/${id}`)
    } catch (error) {
      if (error instanceof ConnectionLost) {
        this.#marked.addAll(marks)
        throw error
      }
      if (marks.size > 1) {
        for (const half of marks.halves()) await this.#lookAt(half)
        return
      }
      const [[kind, id]] = [...marks.entries()] as [[Kind, string]]
      const tries = (this.#delayed.get(`${kind}/${id}`)?.tries ?? 0) + 1
      this.#delayed.set(`${kind}/${id}`, { tries, until: Date.now() + backoffMs(tries) })
      this.#options.log.warn(
        { kind, id, tries, error: (error as Error).message },
        'a row could not be written to OVN',
      )
    }
  }

  async #write(marks: Marks | 'all', topology: Loaded): Promise<void> {
    const { nb, view, log } = this.#options
    const begun = performance.now()
    const wanted = wantedOf(topology)
    const scope = marks === 'all' ? wholeScope(wanted, view) : scopeOf(marks, topology)
    let operations = 0
    await nb.transact(tx => {
      writeDifference(tx, wanted, view, scope)
      operations = tx.operations.length
      if (operations) tx.mutate('NB_Global', [], ['nb_cfg', '+=', 1])
    })
    point('network.ovn.written' satisfies PointName)
    const rows = [...laggingOf(topology), ...(marks === 'all' ? [] : goneOf(marks, topology))]
    if (rows.length) this.#waiting.push({ nb_cfg: view.config?.nb_cfg ?? 0, rows })
    const ms = Math.round(performance.now() - begun)
    const step = { kind: 'ovn', rows: marks === 'all' ? 'all' : marks.size, operations, ms }
    log[operations ? 'info' : 'debug'](step, 'step')
  }

  /** What northd has taken over is seen; all at once, so that a busy time costs few statements. False: there is none. */
  async #saveSeen(): Promise<boolean> {
    const { store, view } = this.#options
    const done = view.config?.sb_cfg ?? -1
    const ready = this.#waiting.filter(({ nb_cfg }) => nb_cfg <= done)
    if (!ready.length) return false
    this.#waiting = this.#waiting.filter(({ nb_cfg }) => nb_cfg > done)
    await store.saveSeen(ready.flatMap(({ rows }) => rows))
    point('network.seen.saved' satisfies PointName)
    return true
  }
}

/** What was asked for, and everything the topology holds because of that. */
const scopeOf = (marks: Marks, topology: Topology): Scope => {
  const ids = (rows: { id: string }[]) => rows.map(row => row.id)
  return {
    networks: new Set([...marks.network, ...ids(topology.networks)]),
    subnets: new Set([...marks.subnet, ...ids(topology.subnets)]),
    ports: new Set([...marks.port, ...ids(topology.ports)]),
    groups: new Set([DROP_GROUP, ...marks.group, ...ids(topology.groups)]),
  }
}

/** The rows that lagged when they were loaded. */
const laggingOf = (topology: Loaded): SeenRow[] => {
  const rows = (kind: Kind, list: { id: string; generation: number; seen_generation: number }[]) =>
    list.flatMap(({ id, generation, seen_generation }) =>
      generation === seen_generation ? [] : [{ kind, id, generation }],
    )
  return [
    ...rows('network', topology.networks),
    ...rows('subnet', topology.subnets),
    ...rows('port', topology.ports),
    ...rows('group', topology.groups),
  ]
}

/** Of a row that was there when we looked, a later removal must not be forgotten. */
const goneOf = (marks: Marks, { networks, subnets, ports, groups }: Topology): SeenRow[] => {
  const there = new Set([...networks, ...subnets, ...ports, ...groups].map(row => row.id))
  return [...marks.entries()]
    .filter(([, id]) => !there.has(id))
    .map(([kind, id]) => ({ kind, id, generation: null }))
}

const nbCfgOf = (row: object | null): number | undefined => (row as Northbound['NB_Global'] | null)?.nb_cfg
