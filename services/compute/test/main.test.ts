import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { type AddressInfo, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ensureCa, ensureCertificate } from '@caelum/lab'
import { eventually, persona, type TestDatabase, testDatabase, testRedisUrl } from '@caelum/testkit'
import pg from 'pg'
import { Agent, request } from 'undici'
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'
import { testApp } from './app.ts'
import { testHost } from './hosts.ts'
import { IMAGE } from './neighbours.ts'

let database: TestDatabase
let folder: string
let tls: { ca: string; cert: string; key: string }

beforeAll(async () => {
  database = await testDatabase('compute')
  const admin = new pg.Client({ connectionString: database.adminUrl })
  await admin.connect()
  // what identity publishes
  await admin.query(`create schema identity;
    create view identity.published_keys as select ''::text as kid, ''::text as public_key_pem where false;
    create view identity.published_revocations as select 0::bigint as id, ''::text as subject, now() as issued_until,
      now() as expires_at where false;
    grant usage on schema identity to public;
    grant select on all tables in schema identity to public`)
  await admin.end()
  folder = mkdtempSync(join(tmpdir(), 'caelum-compute-'))
  const ca = await ensureCa(join(folder, 'ca'))
  const names = { commonName: 'host-1', dns: ['compute'], ips: ['127.0.0.1'] }
  tls = await ensureCertificate(ca, join(folder, 'host'), names)
})
afterAll(async () => {
  rmSync(folder, { recursive: true })
  await database.drop()
})

async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  await new Promise(resolve => server.close(resolve))
  return port
}

function start(agentPort: number, port: number): { child: ChildProcess; log: () => string } {
  const child = spawn(process.execPath, [join(import.meta.dirname, '../src/main.ts')], {
    env: {
      DATABASE_URL: database.url,
      REDIS_URL: testRedisUrl(),
      CAELUM_LISTEN: `127.0.0.1:${port}`,
      CAELUM_AGENT_LISTEN: `127.0.0.1:${agentPort}`,
      CAELUM_AGENT_CA_FILE: tls.ca,
      CAELUM_AGENT_CERT_FILE: tls.cert,
      CAELUM_AGENT_KEY_FILE: tls.key,
      CAELUM_SERVICE_PASSWORD: 'none',
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let log = ''
  for (const stream of [child.stdout, child.stderr]) stream.on('data', data => (log += data))
  onTestFinished(() => {
    child.kill('SIGKILL')
  })
  return { child, log: () => log }
}

const FACTS = {
  hostname: 'host-1',
  agent_version: '0',
  protocol: 1,
  hypervisor_type: 'test',
  hypervisor_version: 1,
  acceleration: 'none',
  host_ip: '127.0.0.1',
  vcpus: 1,
  ram_mb: 1024,
  disk_gb: 1,
  cpu_model: 'none',
  arch: 'x86_64',
  hypervisor_up: true,
  capabilities: [],
}

test('SIGTERM ends it at once, also while an agent waits for news', { timeout: 60_000 }, async () => {
  const agentPort = await freePort()
  const { child, log } = start(agentPort, await freePort())
  const ended = new Promise(resolve => child.once('exit', code => resolve(code)))
  const read = (file: string) => readFileSync(file)
  const connect = { ca: read(tls.ca), cert: read(tls.cert), key: read(tls.key) }
  const agent = new Agent({ connect, headersTimeout: 0 })
  onTestFinished(() => agent.destroy())
  const api = `https://127.0.0.1:${agentPort}/agent/v1`
  await eventually(
    async () => {
      const headers = { 'content-type': 'application/json' }
      const body = JSON.stringify(FACTS)
      const hello = await request(`${api}/hello`, { dispatcher: agent, method: 'POST', headers, body })
      await hello.body.dump()
      return hello.statusCode === 200
    },
    { within: 30_000 },
  )
  const answered: number[] = []
  const polls = Promise.all(
    [1, 2, 3].map(async () => {
      const { statusCode, body } = await request(`${api}/wanted?since=1&wait_s=50`, { dispatcher: agent })
      await body.dump()
      answered.push(statusCode)
    }),
  )
  // each of them looks once a second
  await expect(
    Promise.race([polls, new Promise(resolve => setTimeout(resolve, 300, 'waiting'))]),
  ).resolves.toBe('waiting')
  const told = performance.now()
  child.kill('SIGTERM')
  await polls
  expect(answered).toEqual([200, 200, 200])
  expect(await ended, log()).toBe(0)
  expect(performance.now() - told).toBeLessThan(2_000)
})

test('who waits for a console is told to ask again when the service stops', async () => {
  const api = await testApp()
  onTestFinished(() => api.close())
  const loop = api.deps.startReconciler()
  onTestFinished(() => loop.close())
  const member = persona('member')
  const host = await testHost(api.deps, 'host-1')
  const server = { name: 'silent', imageRef: IMAGE.id, flavorRef: '1' }
  const { id } = (await api.call(member, 'POST', '/servers', { body: { server } })).body.server
  await eventually(() => host.obey())
  const body = { 'os-getConsoleOutput': {} }
  const asking = api.call(member, 'POST', `/servers/${id}/action`, { body })
  await eventually(async () => (await api.deps.db.ask.count()) === 1)
  const told = performance.now()
  api.deps.wakeups.end()
  expect((await asking).status).toBe(503)
  expect(performance.now() - told).toBeLessThan(1_000)
  expect(await api.deps.db.ask.count()).toBe(0)
})
