import {
  type Atom,
  type ColumnType,
  columnIn,
  type DatabaseSchema,
  encode,
  encodeSet,
  type Ref,
  type Row,
  type Value,
} from './schema.ts'

type Writable<V> =
  V extends ReadonlyMap<infer K, infer E>
    ? ReadonlyMap<K, E> | Readonly<Record<string, E>>
    : V extends ReadonlySet<infer E>
      ? Iterable<E | Ref>
      : V | (V extends string ? Ref : never)

/** Columns to write; columns left out get the schema's default (insert) or stay as they are (update). */
export type NewRow<R> = { readonly [C in keyof R]?: Writable<R[C]> }
type Column<R> = Extract<keyof R, string> | '_uuid'
export type Condition<R> = readonly [
  column: Column<R>,
  test: '==' | '!=' | 'includes' | 'excludes' | '<' | '<=' | '>' | '>=',
  value: unknown,
]
/** A row's uuid, the Ref of a row inserted just before, or conditions that must all hold ([] means every row). */
export type Where<R> = string | Ref | readonly Condition<R>[]
export type Mutation<R> = readonly [
  column: Column<R>,
  mutator: '+=' | '-=' | '*=' | '/=' | '%=' | 'insert' | 'delete',
  value: Atom | Ref | Iterable<Atom | Ref> | ReadonlyMap<Atom, Atom> | Readonly<Record<string, Atom>>,
]
export type Tables<T> = { [K in keyof T]: Row }

/**
 * A transaction was refused as a whole; nothing of it was applied. `code` is RFC 7047's error string, e.g.
 * "constraint violation", "referential integrity violation", "timed out" (a `wait` that does not hold).
 */
export class TransactionFailed extends Error {
  override name = 'TransactionFailed'
  readonly code: string
  /** index of the operation at fault; null when the commit itself failed */
  readonly operation: number | null
  constructor(code: string, details: string | undefined, operation: number | null) {
    super(`${code}${details ? `: ${details}` : ''}${operation === null ? '' : ` (operation ${operation})`}`)
    this.code = code
    this.operation = operation
  }
}

export interface OperationResult {
  uuid?: ['uuid', string]
  count?: number
  rows?: unknown[]
}

/** Builds the operations of one `transact`; all are applied or none. */
export class Transaction<T extends Tables<T>> {
  readonly schema: DatabaseSchema
  readonly operations: Record<string, unknown>[] = []
  #refs = 0

  constructor(schema: DatabaseSchema) {
    this.schema = schema
  }

  /** The Ref may be used in later (and earlier) operations of this transaction. A row of a non-root table that nothing refers to is dropped at commit. */
  insert<K extends Extract<keyof T, string>>(table: K, row: NewRow<T[K]>): Ref {
    const ref = { named: `row${this.#refs++}` }
    this.operations.push({ op: 'insert', table, row: this.#row(table, row), 'uuid-name': ref.named })
    return ref
  }

  update<K extends Extract<keyof T, string>>(table: K, where: Where<T[K]>, row: NewRow<T[K]>): void {
    this.operations.push({
      op: 'update',
      table,
      where: this.#where(table, where),
      row: this.#row(table, row),
    })
  }

  /** 'insert' into a map leaves keys that exist as they are; 'delete' takes keys, or whole pairs that must match. */
  mutate<K extends Extract<keyof T, string>>(
    table: K,
    where: Where<T[K]>,
    ...mutations: Mutation<T[K]>[]
  ): void {
    const wire = mutations.map(([column, mutator, value]) => [
      column,
      mutator,
      encodeOperand(columnIn(this.schema, table, column), mutator, value),
    ])
    this.operations.push({ op: 'mutate', table, where: this.#where(table, where), mutations: wire })
  }

  delete<K extends Extract<keyof T, string>>(table: K, where: Where<T[K]>): void {
    this.operations.push({ op: 'delete', table, where: this.#where(table, where) })
  }

  /** The transaction fails with "timed out" unless the rows found equal `rows` in the columns these name. */
  wait<K extends Extract<keyof T, string>>(
    table: K,
    where: Where<T[K]>,
    rows: readonly NewRow<T[K]>[],
    options: { timeout_ms?: number; until?: '==' | '!=' } = {},
  ): void {
    this.operations.push({
      op: 'wait',
      table,
      where: this.#where(table, where),
      columns: rows.length ? Object.keys(rows[0]!) : ['_uuid'],
      until: options.until ?? '==',
      rows: rows.map(row => this.#row(table, row)),
      timeout: options.timeout_ms ?? 0,
    })
  }

  /** Goes into the server's log of the database. */
  comment(text: string): void {
    this.operations.push({ op: 'comment', comment: text })
  }

  #row(table: string, row: object): Record<string, unknown> {
    const entries = Object.entries(row).filter(([, value]) => value !== undefined)
    return Object.fromEntries(
      entries.map(([column, value]) => [column, encode(columnIn(this.schema, table, column), value)]),
    )
  }

  #where(table: string, where: Where<never>): unknown {
    const conditions = (Array.isArray(where) ? where : [['_uuid', '==', where]]) as Condition<Row>[]
    return conditions.map(([column, test, value]) => [
      column,
      test,
      encodeOperand(columnIn(this.schema, table, column), test, value),
    ])
  }
}

/** Operands are lenient where the protocol is: a set column takes one element, a map's 'delete' takes keys. */
const encodeOperand = (type: ColumnType, operator: string, value: unknown): unknown => {
  const isIterable = typeof value === 'object' && value !== null && Symbol.iterator in value
  if (type.kind === 'set') return encode(type, isIterable ? value : [value])
  if (type.kind === 'map' && operator === 'delete' && !(value instanceof Map)) {
    if (isIterable) return encodeSet(type.key, value as Iterable<unknown>)
    if (typeof value !== 'object') return encodeSet(type.key, [value])
  }
  return encode(type, value as Value)
}

/** Turns the answer of `transact` into results, one per operation, or throws TransactionFailed. */
export const readResults = (operations: number, wire: unknown): OperationResult[] => {
  const results = wire as (OperationResult & { error?: string; details?: string })[]
  const at = results.findIndex(result => result && typeof result.error === 'string')
  if (at >= 0)
    throw new TransactionFailed(results[at]!.error!, results[at]!.details, at < operations ? at : null)
  return results
}
