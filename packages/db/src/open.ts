import { type Gauge, type Logger, offerGauges } from '@caelum/kernel'
import { PrismaPg } from '@prisma/adapter-pg'
import { Pool } from 'pg'

export interface DatabaseOptions {
  /** URL with the service's own role */
  url: string
  /** PostgreSQL schema of the service */
  schema: string
  /** in metrics; that of the schema when not given */
  name?: string
  poolSize?: number
  /** true: statements given without waiting are sent without waiting, and answered in order; not for Prisma */
  pipeline?: boolean
  log: Logger
}

/**
 * One bounded pool. A connection that dies (PostgreSQL restarting) is logged and replaced, and whoever was using it
 * gets the error; without a listener on every connection, in use or idle, it would end the process.
 */
export function openPool(options: DatabaseOptions): Pool {
  const { url, schema, name = schema, poolSize = 10, pipeline = false, log } = options
  const pool = new Pool({
    connectionString: url,
    max: poolSize,
    connectionTimeoutMillis: 5_000,
    idleTimeoutMillis: 60_000,
    keepAlive: true,
    pipeline,
    options: `-c search_path=${schema} -c statement_timeout=30000 -c idle_in_transaction_session_timeout=30000`,
  })
  pool.on('connect', client =>
    client.on('error', error => log.warn({ error: error.message }, 'a database connection was lost')),
  )
  pool.on('error', error => log.debug({ error: error.message }, 'the connection lost was idle'))
  const withdraw = offerGauges(() => {
    if (!pool.ended) return gaugesOf(pool, name)
    withdraw()
    return []
  })
  return pool
}

const gaugesOf = (pool: Pool, name: string): Gauge[] => {
  const connections = { name: 'caelum_pool_connections', help: 'Connections to the database' }
  return [
    { ...connections, labels: { pool: name, state: 'busy' }, value: pool.totalCount - pool.idleCount },
    { ...connections, labels: { pool: name, state: 'idle' }, value: pool.idleCount },
    {
      name: 'caelum_pool_waiting',
      help: 'Who waits for a connection to the database',
      labels: { pool: name },
      value: pool.waitingCount,
    },
  ]
}

/** The driver adapter for a service's generated Prisma client, over a pool of its own. */
export const prismaAdapter = (options: DatabaseOptions): PrismaPg =>
  new PrismaPg(openPool(options), {
    schema: options.schema,
    disposeExternalPool: true,
    statementNameGenerator: statementNames(),
  })

/** Statements of one pool that are prepared; those that differ with every call would pile up on each connection. */
const MOST_PREPARED = 400

/**
 * Names the first statements that come, so that PostgreSQL parses and plans each once a connection: for most of ours
 * that costs more than running them. What comes when the names are used up is sent without one, as is.
 *
 * A prepared statement fails when a migration changes the columns it answers with, so statements name their columns
 * and never end in a bare `*`.
 */
function statementNames(): (query: { sql: string }) => string {
  const names = new Map<string, string>()
  return ({ sql }) => {
    const known = names.get(sql)
    if (known || names.size >= MOST_PREPARED) return known ?? ''
    const name = `s${names.size}`
    names.set(sql, name)
    return name
  }
}
