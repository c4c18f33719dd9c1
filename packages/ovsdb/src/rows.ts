import { applyDifference, type DatabaseSchema, decode, defaultOf, type Row, sameValue } from './schema.ts'
import type { Tables } from './transaction.ts'

export type Change<T> = {
  [K in Extract<keyof T, string>]: { table: K; uuid: string; old: T[K] | null; row: T[K] | null }
}[Extract<keyof T, string>]

/** The columns to follow, by table. */
export type Selection<T> = { readonly [K in keyof T]: readonly Extract<keyof T[K], string>[] }

type WireRow = Record<string, unknown>
type RowUpdate = { initial?: WireRow; insert?: WireRow; delete?: null; modify?: WireRow }
/** `<table-updates2>` of ovsdb-server(7) 4.1.14 */
export type TableUpdates = Record<string, Record<string, RowUpdate>>

/** The rows of a replica and what the server's messages do to them. Rows are replaced, never changed in place. */
export class ReplicaRows<T extends Tables<T>> {
  #selection: Selection<T>
  #rows: Map<string, Map<string, Row>>

  constructor(selection: Selection<T>) {
    this.#selection = selection
    this.#rows = new Map(Object.keys(selection).map(table => [table, new Map()]))
  }

  table<K extends Extract<keyof T, string>>(table: K): ReadonlyMap<string, T[K]> {
    return this.#of(table) as Map<string, T[K]>
  }

  /** The whole content as a new session begins; returns how it differs from what was known. */
  replace(schema: DatabaseSchema, initial: TableUpdates): Change<T>[] {
    const changes: Change<T>[] = []
    for (const [table, known] of this.#rows) {
      const updates = initial[table] ?? {}
      for (const uuid of known.keys()) if (!(uuid in updates)) this.#set(changes, table, uuid, null)
      for (const [uuid, { initial: row }] of Object.entries(updates))
        this.#set(changes, table, uuid, this.#fresh(schema, table, row ?? {}))
    }
    return changes
  }

  /** One `update2` message. */
  apply(schema: DatabaseSchema, updates: TableUpdates): Change<T>[] {
    const changes: Change<T>[] = []
    for (const [table, rows] of Object.entries(updates))
      for (const [uuid, { insert, modify }] of Object.entries(rows)) {
        const row = insert
          ? this.#fresh(schema, table, insert)
          : modify
            ? this.#modified(schema, table, uuid, modify)
            : null
        this.#set(changes, table, uuid, row)
      }
    return changes
  }

  #of(table: string): Map<string, Row> {
    return this.#rows.get(table)!
  }

  /** Columns equal to their type's default are left out by the server. */
  #fresh(schema: DatabaseSchema, table: string, wire: WireRow): Row {
    const row: Row = {}
    for (const column of this.#selection[table as keyof T]) {
      const type = schema.tables[table]![column]!
      row[column] = column in wire ? decode(type, wire[column]) : defaultOf(type)
    }
    return row
  }

  #modified(schema: DatabaseSchema, table: string, uuid: string, wire: WireRow): Row {
    const row = { ...this.#of(table).get(uuid) }
    for (const [column, difference] of Object.entries(wire)) {
      const type = schema.tables[table]![column]!
      row[column] = applyDifference(type, row[column]!, decode(type, difference))
    }
    return row
  }

  #set(changes: Change<T>[], table: string, uuid: string, row: Row | null): void {
    const old = this.#of(table).get(uuid) ?? null
    if (old && row && Object.keys(row).every(column => sameValue(old[column]!, row[column]!))) return
    if (row) this.#of(table).set(uuid, row)
    else this.#of(table).delete(uuid)
    if (old || row) changes.push({ table, uuid, old, row } as unknown as Change<T>)
  }
}
