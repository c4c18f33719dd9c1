import type { Logger } from '@caelum/kernel'
import { PrismaPg } from '@prisma/adapter-pg'
import { Pool } from 'pg'

export interface DatabaseOptions {
  /** URL with the service's own role */
  url: string
  /** PostgreSQL schema of the service */
  schema: string
  poolSize?: number
  log: Logger
}

/**
 * One bounded pool. A connection that dies while idle (PostgreSQL restarting) is logged and replaced; without the
 * listener it would end the process.
 */
export function openPool({ url, schema, poolSize = 10, log }: DatabaseOptions): Pool {
  const pool = new Pool({
    connectionString: url,
    max: poolSize,
    connectionTimeoutMillis: 5_000,
    idleTimeoutMillis: 60_000,
    keepAlive: true,
    options: `-c search_path=${schema} -c statement_timeout=30000 -c idle_in_transaction_session_timeout=30000`,
  })
  pool.on('error', error => log.warn({ error: error.message }, 'an idle database connection was lost'))
  return pool
}

/**
 * The driver adapter for a service's generated Prisma client.
 *
 * @param pool of `openPool`, for a service that shares it with statements of its own; ended with the client
 */
export const prismaAdapter = (options: DatabaseOptions, pool: Pool = openPool(options)): PrismaPg =>
  new PrismaPg(pool, { schema: options.schema, disposeExternalPool: true })
