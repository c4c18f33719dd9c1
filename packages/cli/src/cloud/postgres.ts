import { join } from 'node:path'
import { embeddedPostgres } from '@caelum/db'
import pg from 'pg'
import type { Location } from '../instance/location.ts'
import { readSecret } from '../instance/secrets.ts'
import type { Unit } from '../supervisor/unit.ts'

/** set by `up` when DATABASE_URL points to a PostgreSQL that somebody else runs */
export const EXTERNAL_DATABASE = 'external-database-url'

export type Database = { adminUrl: () => string; unit: Unit }

/** Answers within a second or is not ready. */
async function answers(url: string): Promise<boolean> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 1_000 })
  // an error after the connection is lost has no other listener and would end the process
  client.on('error', () => undefined)
  try {
    await client.connect()
    await client.query('select 1')
    return true
  } catch {
    return false
  } finally {
    await client.end().catch(() => undefined)
  }
}

/** Our own PostgreSQL, or a step that waits for the one we were pointed to. */
export function database(location: Location): Database {
  const external = readSecret(location, EXTERNAL_DATABASE)
  if (external !== undefined) {
    const prepare = async () => {
      if (!(await answers(external)))
        throw new Error(
          'the PostgreSQL that DATABASE_URL names does not answer; check the URL and that it runs',
        )
    }
    return { adminUrl: () => external, unit: { name: 'postgres', after: [], prepare } }
  }
  const own = () =>
    embeddedPostgres({
      dataDir: join(location.dataDir, 'postgres'),
      socketDir: join(location.runDir, 'postgres'),
    })
  let made: ReturnType<typeof own> | undefined
  const postgres = () => {
    made ??= own()
    return made
  }
  return {
    adminUrl: () => postgres().adminUrl,
    unit: {
      name: 'postgres',
      after: [],
      prepare: () => postgres().initialise(),
      process: () => ({
        name: 'postgres',
        argv: postgres().argv,
        ready: () => answers(postgres().adminUrl),
        // "fast": ends the connections instead of waiting for them
        stop: 'SIGINT',
      }),
    },
  }
}
