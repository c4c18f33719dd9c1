/**
 * Starts one PostgreSQL and one Redis for a whole vitest run, in a temporary folder, and removes them afterwards.
 * Tests find them by environment; a run that has them already (CI with services) sets the same two variables.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { embeddedPostgres } from '@caelum/db'
import { Redis } from 'ioredis'
import pg from 'pg'

export async function setup(): Promise<() => Promise<void>> {
  const folder = mkdtempSync(join(tmpdir(), 'caelum-test-'))
  const children: ChildProcess[] = []
  const start = (argv: string[]) => {
    const [command = '', ...args] = argv
    children.push(spawn(command, args, { stdio: 'ignore' }))
  }
  if (!process.env['CAELUM_TEST_DATABASE_URL']) {
    const postgres = embeddedPostgres({ dataDir: folder, socketDir: join(folder, 'pg'), durable: false })
    await postgres.initialise()
    start(postgres.argv)
    process.env['CAELUM_TEST_DATABASE_URL'] = postgres.adminUrl
  }
  if (!process.env['CAELUM_TEST_REDIS_URL']) {
    const socket = join(folder, 'redis.sock')
    start(['redis-server', '--port', '0', '--unixsocket', socket, '--save', '', '--dir', folder])
    process.env['CAELUM_TEST_REDIS_URL'] = socket
  }
  await untilAnswers(() => pingPostgres(process.env['CAELUM_TEST_DATABASE_URL'] ?? ''))
  await untilAnswers(() => pingRedis(process.env['CAELUM_TEST_REDIS_URL'] ?? ''))
  return async () => {
    for (const child of children) child.kill('SIGINT')
    await Promise.all(children.map(child => child.exitCode ?? new Promise(done => child.once('exit', done))))
    rmSync(folder, { recursive: true, force: true })
  }
}

async function untilAnswers(ping: () => Promise<void>): Promise<void> {
  const deadline = Date.now() + 30_000
  for (;;) {
    try {
      return await ping()
    } catch (error) {
      if (Date.now() > deadline) throw error
      await new Promise(resolve => setTimeout(resolve, 50))
    }
  }
}

async function pingPostgres(url: string): Promise<void> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  await client.end()
}

async function pingRedis(url: string): Promise<void> {
  const redis = new Redis(url, { lazyConnect: true, retryStrategy: () => null, maxRetriesPerRequest: 0 })
  redis.on('error', () => undefined)
  try {
    await redis.connect()
    await redis.ping()
  } finally {
    redis.disconnect()
  }
}
