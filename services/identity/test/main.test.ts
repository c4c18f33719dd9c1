import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { eventually, type TestDatabase, testDatabase } from '@caelum/testkit'
import pg from 'pg'
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'

const PASSWORD = 'the-admin-password'

let database: TestDatabase
let watcher: pg.Client
let folder: string
beforeAll(async () => {
  database = await testDatabase('identity')
  watcher = new pg.Client({ connectionString: database.url })
  await watcher.connect()
  folder = mkdtempSync(join(tmpdir(), 'caelum-identity-'))
  writeFileSync(join(folder, 'admin'), `${PASSWORD}\n`)
  writeFileSync(join(folder, 'services'), JSON.stringify({ compute: 'the-compute-password' }))
})
afterAll(async () => {
  rmSync(folder, { recursive: true })
  await watcher.end()
  await database.drop()
})

async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  await new Promise(resolve => server.close(resolve))
  return typeof address === 'object' && address ? address.port : 0
}

interface Running {
  child: ChildProcess
  url: string
  log: () => string
  /** of the process, once it is over */
  ended: Promise<number | string | null>
}

async function start(
  program = 'main.ts',
  args: string[] = [],
  env: Record<string, string> = {},
): Promise<Running> {
  const port = await freePort()
  const child = spawn(process.execPath, [join(import.meta.dirname, '../src', program), ...args], {
    env: {
      DATABASE_URL: database.url,
      CAELUM_LISTEN: `127.0.0.1:${port}`,
      CAELUM_PUBLIC_URL: `http://127.0.0.1:${port}`,
      CAELUM_DATA_DIR: join(folder, 'data'),
      CAELUM_ADMIN_PASSWORD_FILE: join(folder, 'admin'),
      CAELUM_SERVICE_PASSWORDS_FILE: join(folder, 'services'),
      CAELUM_CATALOG: JSON.stringify({ identity: `http://127.0.0.1:${port}/v3` }),
      ...env,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let log = ''
  child.stdout.on('data', data => (log += data))
  child.stderr.on('data', data => (log += data))
  const ended = new Promise<number | string | null>(resolve =>
    child.once('exit', (code, signal) => resolve(code ?? signal)),
  )
  onTestFinished(() => {
    child.kill('SIGKILL')
  })
  return { child, url: `http://127.0.0.1:${port}`, log: () => log, ended }
}

async function hasRows(table: string): Promise<boolean> {
  const { rowCount } = await watcher.query(`select 1 from ${table} limit 1`)
  return rowCount === 1
}

const ready = ({ url }: Running) =>
  eventually(async () => (await fetch(`${url}/healthz`)).status === 200, { within: 15_000 })

async function login({ url }: Running): Promise<{ status: number; token: string }> {
  const user = { name: 'admin', domain: { id: 'default' }, password: PASSWORD }
  const answer = await fetch(`${url}/v3/auth/tokens`, {
    method: 'POST',
    body: JSON.stringify({
      auth: {
        identity: { methods: ['password'], password: { user } },
        scope: { project: { name: 'admin', domain: { id: 'default' } } },
      },
    }),
  })
  return { status: answer.status, token: answer.headers.get('x-subject-token') ?? '' }
}

const users = async ({ url }: Running, token: string) =>
  (await fetch(`${url}/v3/users`, { headers: { 'x-auth-token': token } })).status

test('killed at any moment of its first start, it starts again and is whole', async () => {
  for (const rows of ['signing_keys', 'users', 'endpoints']) {
    const dying = await start()
    await eventually(() => hasRows(rows), { every: 2, within: 15_000 })
    dying.child.kill('SIGKILL')
    expect(await dying.ended).toBe('SIGKILL')
  }
  const running = await start()
  await ready(running)
  const { status, token } = await login(running)
  expect([status, await users(running, token)]).toEqual([201, 200])
})

test('processes beside each other and after each other believe each other’s tokens', async () => {
  const [one, two] = [await start(), await start()]
  await Promise.all([ready(one), ready(two)])
  const { token } = await login(one)
  expect(await users(two, token)).toBe(200)
  one.child.kill('SIGTERM')
  expect(await one.ended).toBe(0)
  const three = await start()
  await ready(three)
  expect(await users(three, token)).toBe(200)
  await fetch(`${three.url}/v3/auth/tokens`, {
    method: 'DELETE',
    headers: { 'x-auth-token': token, 'x-subject-token': token },
  })
  const revokedAt = performance.now()
  await eventually(async () => (await users(two, token)) === 401, { every: 5 })
  expect(performance.now() - revokedAt).toBeLessThan(1_000)
  for (const running of [two, three]) {
    const text = running.log()
    expect(text).toContain('"operation":"identity:users:list"')
    for (const secret of [PASSWORD, 'the-compute-password', token, token.split('.')[2] ?? token])
      expect(text.includes(secret)).toBe(false)
  }
})

test('rotate-keys publishes a new signing key; with --now it signs at once', async () => {
  const running = await start()
  await ready(running)
  const kid = async () => {
    const { token } = await login(running)
    return JSON.parse(Buffer.from(token.split('.')[0] ?? '', 'base64url').toString()).kid
  }
  const before = await kid()
  const later = await start('rotate-keys.ts')
  expect(await later.ended).toBe(0)
  expect(await kid()).toBe(before)
  const now = await start('rotate-keys.ts', ['--now'])
  expect(await now.ended).toBe(0)
  expect(now.log()).toContain('a new signing key is published')
  expect(await kid()).not.toBe(before)
})

test('the key-encryption key is replaced under a running service', async () => {
  const running = await start()
  await ready(running)
  const { token } = await login(running)
  const headers = { 'x-auth-token': token }
  // biome-ignore lint/suspicious/noExplicitAny: a test reads the answer as a client does, by path
  const ask = async (path: string, options: RequestInit = {}): Promise<any> =>
    (await fetch(`${running.url}/v3/${path}`, { headers, ...options })).json()
  const { token: shown } = await ask('auth/tokens', { headers: { ...headers, 'x-subject-token': token } })
  const make = async (blob: string): Promise<string> => {
    const credential = { user_id: shown.user.id, type: 'cert', blob }
    return (await ask('credentials', { method: 'POST', body: JSON.stringify({ credential }) })).credential.id
  }
  const blobOf = async (id: string) => (await ask(`credentials/${id}`)).credential.blob
  const keys = () => readFileSync(join(folder, 'data/key-encryption.key'))
  const [before, old] = [await make('before'), keys()]
  for (const flag of ['--new-key', '--forget-old']) {
    const tool = await start('reseal.ts', [flag])
    expect([await tool.ended, tool.log()]).toEqual([0, expect.stringContaining('is sealed with the newest')])
    expect(await blobOf(before)).toBe('before')
    expect(await blobOf(await make(flag))).toBe(flag)
  }
  expect(keys()).toHaveLength(32)
  expect(keys().equals(old)).toBe(false)
  running.child.kill('SIGTERM')
  await running.ended
  const again = await start()
  await ready(again)
  expect((await login(again)).status).toBe(201)
})

test('killed between two guesses, the next process counts on; killed in the middle of changes, each is told of or not done', async () => {
  const running = await start()
  await ready(running)
  const { token } = await login(running)
  const ask = ({ url }: Running, method: string, path: string, body?: unknown) =>
    fetch(`${url}/v3/${path}`, {
      method,
      headers: { 'x-auth-token': token },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    })
  const made = await ask(running, 'POST', 'users', { user: { name: 'guessed-at', password: 'right' } })
  const { user } = (await made.json()) as { user: { id: string } }
  const guess = async (where: Running, password: string) => {
    const identity = { methods: ['password'], password: { user: { id: user.id, password } } }
    return (await ask(where, 'POST', 'auth/tokens', { auth: { identity } })).status
  }
  for (let n = 0; n < 6; n++) expect(await guess(running, 'wrong')).toBe(401)
  const changes = Array.from({ length: 200 }, (_, n) =>
    ask(running, 'POST', 'projects', { project: { name: `half-way-${n}` } }).catch(() => null),
  )
  await eventually(async () => {
    const { rowCount } = await watcher.query("select 1 from projects where name like 'half-way-%' limit 5")
    return rowCount === 5
  })
  running.child.kill('SIGKILL')
  await Promise.all([running.ended, ...changes])
  const projects = await watcher.query("select id from projects where name like 'half-way-%' order by id")
  const told = await watcher.query(
    "select substr(target, 10) as id from audit where operation = 'identity:projects:create' order by 1",
  )
  expect(projects.rowCount).toBeGreaterThanOrEqual(5)
  expect(told.rows).toEqual(projects.rows)
  const next = await start()
  await ready(next)
  for (let n = 0; n < 4; n++) expect(await guess(next, 'wrong')).toBe(401)
  expect(await guess(next, 'right')).toBe(401)
  expect((await ask(next, 'PATCH', `users/${user.id}`, { user: { enabled: true } })).status).toBe(200)
  expect(await guess(next, 'right')).toBe(201)
})

test('a configuration that will not do is refused with every fault named', async () => {
  const child = spawn(process.execPath, [join(import.meta.dirname, '../src/main.ts')], {
    env: { CAELUM_CATALOG: '{', CAELUM_TOKEN_TTL_S: '1' },
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  let said = ''
  child.stderr.on('data', data => (said += data))
  expect(await new Promise(resolve => child.once('close', resolve))).not.toBe(0)
  for (const key of [
    'DATABASE_URL',
    'CAELUM_DATA_DIR',
    'CAELUM_ADMIN_PASSWORD',
    'CAELUM_CATALOG',
    'CAELUM_TOKEN_TTL_S',
  ])
    expect(said).toContain(key)
})

test('its metrics tell of requests, pools, password hashes and revocations', async () => {
  const port = await freePort()
  const running = await start('main.ts', [], { CAELUM_METRICS_LISTEN: `127.0.0.1:${port}` })
  await ready(running)
  const { token } = await login(running)
  expect(await users(running, token)).toBe(200)
  await fetch(`${running.url}/v3/auth/tokens`, {
    method: 'DELETE',
    headers: { 'x-auth-token': token, 'x-subject-token': token },
  })
  const metrics = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text()
  for (const line of [
    /^caelum_requests_total\{operation="identity:users:list",status="200"\} 1$/m,
    /^caelum_request_seconds_count\{operation="identity:tokens:issue"\} 1$/m,
    /^caelum_pool_connections\{pool="identity-logins",state="idle"\} [1-9]/m,
    /^caelum_pool_waiting\{pool="identity"\} 0$/m,
    /^caelum_password_hashes_waiting 0$/m,
    /^caelum_revocations [1-9]/m,
    /^caelum_revocation_lag_seconds 0(\.\d+)?$/m,
    /^caelum_trust_age_seconds 0\.\d+$/m,
    /^nodejs_eventloop_lag_seconds /m,
  ])
    expect(metrics).toMatch(line)
  expect(metrics).not.toContain(token.slice(0, 20))
})
