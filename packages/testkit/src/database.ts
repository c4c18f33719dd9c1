import { createHash, randomBytes } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { migrateService, serviceUrl } from '@caelum/db'
import pg from 'pg'

export interface TestDatabase {
  /** URL with the service's own role */
  url: string
  adminUrl: string
  drop(): Promise<void>
}

const MIGRATIONS = join(import.meta.dirname, '../../../migrations')

/** The Redis of this test run. */
export const testRedisUrl = (): string => required('CAELUM_TEST_REDIS_URL')

/** A new database with the service's migrations applied: a clone of a template made once per state of migrations. */
export async function testDatabase(service: string): Promise<TestDatabase> {
  const admin = required('CAELUM_TEST_DATABASE_URL')
  const template = `template_${service}_${stateOf(service)}`
  const name = `test_${service}_${randomBytes(6).toString('hex')}`
  await withAdmin(admin, async client => {
    await client.query('select pg_advisory_lock(7)')
    const { rowCount } = await client.query('select 1 from pg_database where datname = $1', [template])
    if (!rowCount) await makeTemplate(client, admin, service, template)
    await client.query(`create database ${name} template ${template}`)
    await client.query(`grant all on database ${name} to public`)
  })
  const adminUrl = onDatabase(admin, name)
  return {
    url: serviceUrl(adminUrl, service, 'test'),
    adminUrl,
    drop: () => withAdmin(admin, client => client.query(`drop database if exists ${name} with (force)`)),
  }
}

async function makeTemplate(
  client: pg.Client,
  admin: string,
  service: string,
  template: string,
): Promise<void> {
  const unfinished = `${template}_unfinished`
  await client.query(`drop database if exists ${unfinished}`)
  await client.query(`create database ${unfinished}`)
  await migrateService({
    adminUrl: onDatabase(admin, unfinished),
    service,
    directory: join(MIGRATIONS, service.replaceAll('_', '-')),
    password: 'test',
  })
  await client.query(`alter database ${unfinished} rename to ${template}`)
}

function stateOf(service: string): string {
  const folder = join(MIGRATIONS, service.replaceAll('_', '-'))
  const hash = createHash('sha256')
  for (const entry of readdirSync(folder, { withFileTypes: true }))
    if (entry.isDirectory() && /^\d/.test(entry.name))
      hash.update(readFileSync(join(folder, entry.name, 'migration.sql')))
  return hash.digest('hex').slice(0, 12)
}

async function withAdmin(url: string, work: (client: pg.Client) => Promise<unknown>): Promise<void> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    await work(client)
  } finally {
    await client.end()
  }
}

function onDatabase(url: string, database: string): string {
  const changed = new URL(url)
  changed.pathname = `/${database}`
  return changed.href
}

function required(name: string): string {
  const value = process.env[name]
  if (!value)
    throw new Error(`${name} is not set: run the tests by vitest, whose global setup starts the services`)
  return value
}
