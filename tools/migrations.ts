/**
 * Replays every service's migrations from empty on a PostgreSQL of its own, and says which SQL would still be needed
 * to reach schema.prisma: none, or the two disagree and this exits 1. The SQL is what a new migration has to hold.
 * Indexes that Prisma's language has no words for are written in SQL only; the engine would drop them, so those
 * statements are left out.
 */
import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { testDatabase } from '@caelum/testkit'
import pg from 'pg'
import { setup } from '../packages/testkit/src/global-setup.ts'
import { missingSql } from './schema-engine.ts'

const folder = join(import.meta.dirname, '../migrations')

/** Partial ones, those over expressions, and those that count nulls as equal. */
async function indexesBeyondPrisma(url: string, schema: string): Promise<Set<string>> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    const { rows } = await client.query<{ relname: string }>(
      `select c.relname from pg_index i join pg_class c on c.oid = i.indexrelid
       where c.relnamespace = $1::regnamespace
         and (i.indpred is not null or i.indexprs is not null or i.indnullsnotdistinct)`,
      [schema],
    )
    return new Set(rows.map(row => row.relname))
  } finally {
    await client.end()
  }
}

const statementsOf = (sql: string): string[] =>
  sql
    .replace(/^--.*$/gm, '')
    .split(/;\s*$/m)
    .map(statement => statement.trim())
    .filter(statement => statement !== '')

/** What is missing for schema.prisma after all migrations of a service. */
async function disagreement(service: string): Promise<string[]> {
  const schema = service.replaceAll('-', '_')
  const database = await testDatabase(schema)
  try {
    const sql = await missingSql(database.url, join(folder, service, 'schema.prisma'), schema)
    const beyond = await indexesBeyondPrisma(database.url, schema)
    return statementsOf(sql).filter(statement => {
      const dropped = /^DROP INDEX (?:"\w+"\.)?"(\w+)"$/.exec(statement)?.[1]
      return dropped === undefined || !beyond.has(dropped)
    })
  } finally {
    await database.drop()
  }
}

const teardown = await setup()
try {
  for (const service of readdirSync(folder).sort()) {
    if (!existsSync(join(folder, service, 'schema.prisma'))) continue
    const missing = await disagreement(service)
    if (missing.length === 0) continue
    console.error(`${service}: migrations and schema.prisma disagree; missing:\n${missing.join(';\n')};`)
    process.exitCode = 1
  }
} finally {
  await teardown()
}
process.exit()
