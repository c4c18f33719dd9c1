/**
 * An in-memory copy of parts of an OVSDB database that stays true by itself.
 *
 * States: `connecting` → `complete` (every monitored row is here and changes stream in) → `lost` (session ended; the
 * last known rows stay readable, but are old) → `connecting` ... for ever, with growing pauses, until `stop()`.
 *
 * Invariants:
 *  - Rows are replaced, never changed in place: a row once handed out is a snapshot.
 *  - `onChange` gets every difference, also those between what was known before a loss and what a new session brings;
 *    after a reconnect nothing has to be forgotten or read anew by the listener.
 *  - The server sends the changes made by a transaction before its answer, so after `await transact(...)` the replica
 *    already holds what was written.
 *  - A transaction that ends in ConnectionLost may have been applied. Look at the replica when it is complete again.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { Connection, ConnectionLost, type ConnectionOptions } from './connection.ts'
import { type Change, ReplicaRows, type Selection, type TableUpdates } from './rows.ts'
import { columnIn, type DatabaseSchema, parseSchema } from './schema.ts'
import { parseTargets, type Target, type Tls } from './target.ts'
import { type OperationResult, readResults, type Tables, Transaction } from './transaction.ts'

export type ReplicaState = 'stopped' | 'connecting' | 'complete' | 'lost'

export interface ReplicaOptions<T> {
  /** `unix:`, `tcp:` and `ssl:` targets, separated by commas; the next one is tried when one fails */
  targets: string
  database: string
  tables: Selection<T>
  tls?: Tls
  connect_ms?: number
  probe_ms?: number
  /** first pause before a new attempt, ms; doubles up to 32 times */
  retry_ms?: number
  /** one call per message of the server, and one for all that changed when a session begins, before it is `complete` */
  onChange?: (changes: Change<T>[]) => void
  /** `reason` says why a session was lost or could not be opened */
  onState?: (state: ReplicaState, reason?: Error) => void
}

export class Replica<T extends Tables<T>> {
  #options: ReplicaOptions<T>
  #rows: ReplicaRows<T>
  #state: ReplicaState = 'stopped'
  #stopping = new AbortController()
  #running: Promise<void> = Promise.resolve()
  #session: { connection: Connection; schema: DatabaseSchema } | undefined
  #waiting = new Set<() => void>()

  constructor(options: ReplicaOptions<T>) {
    this.#options = options
    this.#rows = new ReplicaRows(options.tables)
  }

  get state(): ReplicaState {
    return this.#state
  }

  /** Rows by uuid, as last known; true now only while the state is `complete`. */
  rows<K extends Extract<keyof T, string>>(table: K): ReadonlyMap<string, T[K]> {
    return this.#rows.table(table)
  }

  start(): void {
    if (this.#state !== 'stopped') return
    this.#stopping = new AbortController()
    this.#running = this.#run(parseTargets(this.#options.targets), this.#stopping.signal)
  }

  async stop(): Promise<void> {
    this.#stopping.abort()
    await this.#running
  }

  /** Resolves as soon as the state is `complete`; rejects after `timeout_ms`. */
  complete(timeout_ms: number): Promise<void> {
    return this.until(() => this.#state === 'complete', timeout_ms)
  }

  /** Resolves as soon as `holds()`; it is asked after every change of rows or state. Rejects after `timeout_ms`. */
  until(holds: () => boolean, timeout_ms: number): Promise<void> {
    if (holds()) return Promise.resolve()
    return new Promise((resolve, reject) => {
      const finish = (settle: () => void) => {
        clearTimeout(timer)
        this.#waiting.delete(check)
        settle()
      }
      const check = () => {
        if (holds()) finish(resolve)
      }
      const late = `${this.#options.database}: awaited rows did not appear within ${timeout_ms} ms`
      const timer = setTimeout(
        () => finish(() => reject(new Error(`${late} (state ${this.#state})`))),
        timeout_ms,
      )
      this.#waiting.add(check)
    })
  }

  /**
   * Applies what `build` put into the transaction, all or nothing. Throws TransactionFailed when the server refused it,
   * ConnectionLost when there is no session or it ended before the answer.
   */
  async transact(build: (transaction: Transaction<T>) => void): Promise<OperationResult[]> {
    const { database } = this.#options
    if (!this.#session) throw new ConnectionLost(`${database}: no session (state ${this.#state})`)
    const { connection, schema } = this.#session
    const transaction = new Transaction<T>(schema)
    build(transaction)
    const { operations } = transaction
    if (!operations.length) return []
    return readResults(operations.length, await connection.call('transact', [database, ...operations]))
  }

  async #run(targets: Target[], signal: AbortSignal): Promise<void> {
    const first = this.#options.retry_ms ?? 250
    for (let attempt = 0, pause = first; !signal.aborted; attempt++) {
      this.#enter('connecting')
      const { reason, wasComplete } = await this.#hold(targets[attempt % targets.length]!, signal)
      if (signal.aborted) break
      this.#enter('lost', reason)
      pause = wasComplete ? first : Math.min(pause * 2, first * 32)
      await sleep(pause * (0.5 + Math.random() / 2), undefined, { signal }).catch(() => undefined)
    }
    this.#enter('stopped')
  }

  /** Opens a session and returns when it has ended. */
  async #hold(target: Target, signal: AbortSignal): Promise<{ reason: Error; wasComplete: boolean }> {
    const { database } = this.#options
    const early: TableUpdates[] = []
    let connection: Connection
    const onNotification = (method: string, [, body]: unknown[]) => {
      const schema = this.#session?.schema
      if (method === 'update2' && schema) this.#tell(this.#rows.apply(schema, body as TableUpdates))
      else if (method === 'update2') early.push(body as TableUpdates)
      else if (method === 'monitor_canceled')
        connection.close(new ConnectionLost(`${database}: the server ended the monitor (its schema changed)`))
    }
    try {
      connection = await Connection.open(target, this.#connectionOptions(onNotification))
    } catch (reason) {
      return { reason: reason as Error, wasComplete: false }
    }
    const stop = () => connection.close()
    signal.addEventListener('abort', stop)
    if (signal.aborted) stop()
    let wasComplete = false
    try {
      const schema = parseSchema(await connection.call('get_schema', [database]))
      const initial = await connection.call('monitor_cond', [database, null, this.#requests(schema)])
      this.#session = { connection, schema }
      const changes = this.#rows.replace(schema, initial as TableUpdates)
      for (const updates of early) changes.push(...this.#rows.apply(schema, updates))
      wasComplete = true
      this.#options.onChange?.(changes)
      this.#enter('complete')
    } catch (reason) {
      connection.close(reason as Error)
    }
    const reason = await connection.closed
    this.#session = undefined
    signal.removeEventListener('abort', stop)
    return { reason, wasComplete }
  }

  #connectionOptions(onNotification: ConnectionOptions['onNotification'] & object): ConnectionOptions {
    const { tls, connect_ms, probe_ms } = this.#options
    return {
      onNotification,
      ...(tls && { tls }),
      ...(connect_ms && { connect_ms }),
      ...(probe_ms && { probe_ms }),
    }
  }

  #requests(schema: DatabaseSchema): Record<string, [{ columns: readonly string[] }]> {
    const tables = Object.entries<readonly string[]>(this.#options.tables)
    for (const [table, columns] of tables) for (const column of columns) columnIn(schema, table, column)
    return Object.fromEntries(tables.map(([table, columns]) => [table, [{ columns }]]))
  }

  #tell(changes: Change<T>[]): void {
    if (!changes.length) return
    this.#options.onChange?.(changes)
    for (const check of [...this.#waiting]) check()
  }

  #enter(state: ReplicaState, reason?: Error): void {
    this.#state = state
    this.#options.onState?.(state, reason)
    for (const check of [...this.#waiting]) check()
  }
}
