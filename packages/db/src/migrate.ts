/**
 * Applies `<directory>/<stamp>_<name>/migration.sql` in order, once each, and records them in `_prisma_migrations`
 * in Prisma's own form, so that either tool can go on where the other stopped.
 *
 * One database carries all services; each has a PostgreSQL schema and a login role of its own that owns it and sees
 * nothing else. An advisory lock makes several starting processes take turns. Dying here is harmless: each migration
 * is one transaction together with its record.
 */
import { createHash, randomUUID } from 'node:crypto'
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import pg from 'pg'

export interface ServiceDatabase {
  /** a URL with the right to create roles and schemas */
  adminUrl: string
  /** also the name of the PostgreSQL schema; the role is `caelum_<service>` */
  service: string
  /** the service's migrations folder */
  directory: string
  /** of the role; set anew on every run, so a change in configuration is enough to rotate it */
  password: string
}

export const roleOf = (service: string): string => `caelum_${service}`

/** The URL a service connects with: the admin's, with the service's role and password instead. */
export function serviceUrl(adminUrl: string, service: string, password: string): string {
  const url = new URL(adminUrl)
  url.username = roleOf(service)
  url.password = encodeURIComponent(password)
  return url.href
}

/** @returns the names of the migrations that were applied now */
export async function migrateService({
  adminUrl,
  service,
  directory,
  password,
}: ServiceDatabase): Promise<string[]> {
  const client = new pg.Client({ connectionString: adminUrl })
  await client.connect()
  try {
    await client.query('select pg_advisory_lock(72707369)')
    await ensureRole(client, service, password)
    return await applyPending(client, service, directory)
  } finally {
    await client.end()
  }
}

async function ensureRole(client: pg.Client, service: string, password: string): Promise<void> {
  const role = pg.escapeIdentifier(roleOf(service))
  const schema = pg.escapeIdentifier(service)
  const { rowCount } = await client.query('select 1 from pg_roles where rolname = $1', [roleOf(service)])
  if (!rowCount) await client.query(`create role ${role} login`)
  await client.query(`alter role ${role} login password ${pg.escapeLiteral(password)}`)
  await client.query(`alter role ${role} set search_path = ${schema}`)
  await client.query(`grant ${role} to current_user`)
  await client.query(`create schema if not exists ${schema} authorization ${role}`)
  await client.query(`revoke all on schema public from public`)
}

async function applyPending(client: pg.Client, service: string, directory: string): Promise<string[]> {
  await client.query(`set role ${pg.escapeIdentifier(roleOf(service))}`)
  await client.query(`set search_path = ${pg.escapeIdentifier(service)}`)
  await client.query(`create table if not exists _prisma_migrations (
    id varchar(36) primary key not null, checksum varchar(64) not null, finished_at timestamptz,
    migration_name varchar(255) not null, logs text, rolled_back_at timestamptz,
    started_at timestamptz not null default now(), applied_steps_count integer not null default 0)`)
  const { rows } = await client.query<{ migration_name: string; checksum: string }>(
    'select migration_name, checksum from _prisma_migrations where rolled_back_at is null',
  )
  const seen = new Map(rows.map(row => [row.migration_name, row.checksum]))
  const applied: string[] = []
  for (const name of await migrationNames(directory)) {
    const sql = await readFile(join(directory, name, 'migration.sql'), 'utf8')
    const checksum = createHash('sha256').update(sql).digest('hex')
    const before = seen.get(name)
    if (before === checksum) continue
    if (before)
      throw new Error(`migration ${service}/${name} was changed after it was applied; add a new one instead`)
    await client.query('begin')
    try {
      await client.query(sql)
      await client.query(
        `insert into _prisma_migrations(id, checksum, migration_name, finished_at, applied_steps_count)
         values ($1, $2, $3, now(), 1)`,
        [randomUUID(), checksum, name],
      )
      await client.query('commit')
    } catch (error) {
      await client.query('rollback')
      throw new Error(`migration ${service}/${name}: ${(error as Error).message}`, { cause: error })
    }
    applied.push(name)
  }
  return applied
}

async function migrationNames(directory: string): Promise<string[]> {
  const entries = await readdir(directory, { withFileTypes: true })
  return entries
    .filter(entry => entry.isDirectory() && /^\d/.test(entry.name))
    .map(entry => entry.name)
    .sort()
}
