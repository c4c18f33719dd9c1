import type { Ledger } from './loop.ts'

/** Runs one statement with `$1...` parameters; Prisma's `$queryRawUnsafe` is one. */
export type Query = <T>(sql: string, ...parameters: unknown[]) => Promise<T[]>

export interface LedgerTable<Row, View> {
  /** a name from our own code, as are the other texts here */
  table: string
  /** SQL condition: the row is not yet as wanted */
  unfinished: string
  /** SQL that reads what a step looks at; `held` stands for the table and has only the row that was acquired */
  select: (held: string) => string
  view: (row: Row) => View
}

/** The ledger of any table with the columns `id uuid, tries, next_try_at, last_error, lease_until`. */
export const sqlLedger = <Row, View>(
  query: Query,
  { table, unfinished, select, view }: LedgerTable<Row, View>,
): Ledger<View> => ({
  async due(limit) {
    const rows = await query<{ id: string }>(
      `select id from ${table} where (${unfinished}) and (next_try_at is null or next_try_at <= now())
         and (lease_until is null or lease_until < now()) order by next_try_at nulls first limit $1`,
      limit,
    )
    return rows.map(row => row.id)
  },

  async acquire(id, leaseMs) {
    const [row] = await query<Row>(
      `with held as (
         update ${table} set lease_until = now() + make_interval(secs => $2)
         where id = $1::uuid and (lease_until is null or lease_until < now()) returning *)
       ${select('held')}`,
      id,
      leaseMs / 1000,
    )
    return row === undefined ? null : view(row)
  },

  async renew(id, leaseMs) {
    await query(
      `update ${table} set lease_until = now() + make_interval(secs => $2) where id = $1::uuid and lease_until is not null`,
      id,
      leaseMs / 1000,
    )
  },

  async release(id, retryMs) {
    await query(
      `update ${table} set lease_until = null, tries = 0, next_try_at = now() + make_interval(secs => $2)
       where id = $1::uuid`,
      id,
      retryMs === null ? null : retryMs / 1000,
    )
  },

  async fail(id, error, backoffMs) {
    const [row] = await query<{ tries: number }>(
      `update ${table} set tries = tries + 1, last_error = $2 where id = $1::uuid returning tries`,
      id,
      error.slice(0, 2_000),
    )
    const tries = row?.tries ?? 1
    await query(
      `update ${table} set lease_until = null, next_try_at = now() + make_interval(secs => $2) where id = $1::uuid`,
      id,
      backoffMs(tries) / 1000,
    )
    return tries
  },
})
