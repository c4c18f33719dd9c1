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
 * The driver adapter for a service's generated Prisma client, over one bounded pool. A connection that dies while
 * idle (PostgreSQL restarting) is logged and replaced; without the listener it would end the process.
 */
export function prismaAdapter({ url, schema, poolSize = 10, log }: DatabaseOptions): PrismaPg {
  const pool = new Pool({
    connectionString: url,
    max: poolSize,
    connectionTimeoutMillis: 5_000,
    idleTimeoutMillis: 60_000,
    keepAlive: true,
    options: `-c search_path=${schema} -c statement_timeout=30000 -c idle_in_transaction_session_timeout=30000`,
  })
  pool.on('error', error => log.warn({ error: error.message }, 'an idle database connection was lost'))
  return new PrismaPg(pool, { schema, disposeExternalPool: true })
}
