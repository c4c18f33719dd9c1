/** What only a process of its own and real connections show: broken uploads, memory, and what is left when it is killed. */
import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { request as httpRequest } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { newHexId } from '@caelum/kernel'
import { eventually, type TestDatabase, testDatabase } from '@caelum/testkit'
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest'

const projectId = newHexId()
let database: TestDatabase
let dataDir: string
let server: Awaited<ReturnType<typeof start>>
beforeAll(async () => {
  database = await testDatabase('object_storage')
  dataDir = mkdtempSync(join(tmpdir(), 'caelum-objects-'))
})
afterAll(async () => {
  await database.drop()
  rmSync(dataDir, { recursive: true, force: true })
})
beforeEach(async () => {
  server = await start()
  await server.call('PUT', '/box')
})
afterEach(() => server.stop('SIGKILL'))

const files = () =>
  readdirSync(join(dataDir, 'objects'), { recursive: true, withFileTypes: true }).filter(entry =>
    entry.isFile(),
  ).length
const md5 = (data: Uint8Array | string) => createHash('md5').update(data).digest('hex')

async function start() {
  const argv = [join(import.meta.dirname, 'server.ts'), database.url, dataDir, projectId]
  const child = spawn(process.execPath, argv, { stdio: ['pipe', 'pipe', 'inherit'] })
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
  const next = async () => JSON.parse((await lines.next()).value ?? '{}')
  const { port, headers } = await next()
  const url = `http://127.0.0.1:${port}/v1/AUTH_${projectId}`
  return {
    call: (method: string, path: string, body?: string) =>
      fetch(`${url}${path}`, { method, headers, ...(body === undefined ? {} : { body }) }),
    upload: (path: string, more = {}) =>
      httpRequest(`${url}${path}`, { method: 'PUT', headers: { ...headers, ...more } }),
    async memoryMb(): Promise<number> {
      child.stdin.write('memory\n')
      return (await next()).memoryMb
    },
    async stop(signal: NodeJS.Signals) {
      child.kill(signal)
      if (child.exitCode === null && child.signalCode === null) await once(child, 'exit')
    },
  }
}

test('an upload that is broken off leaves what was there before', async () => {
  await server.call('PUT', '/box/o', 'before')
  const upload = server.upload('/box/o', { 'content-length': 10 << 20 })
  upload.on('error', () => undefined)
  upload.write(Buffer.alloc(3 << 20))
  await eventually(() => files() === 2)
  upload.destroy()
  await eventually(() => files() === 1)
  expect(await (await server.call('GET', '/box/o')).text()).toBe('before')
})

test('who reads while others overwrite gets one of the versions, whole', async () => {
  const versions = Array.from({ length: 4 }, (_, n) => String(n).repeat(300_000 + n))
  const known = new Set(versions.map(md5))
  await server.call('PUT', '/box/o', versions[0] ?? '')
  let writing = true
  const writer = (async () => {
    for (let n = 0; n < 40; n++) await server.call('PUT', '/box/o', versions[n % 4] ?? '')
    writing = false
  })()
  let reads = 0
  while (writing) {
    const reply = await server.call('GET', '/box/o')
    expect(reply.status).toBe(200)
    const body = md5(new Uint8Array(await reply.arrayBuffer()))
    expect(body).toBe(reply.headers.get('etag'))
    expect(known.has(body)).toBe(true)
    reads += 1
  }
  await writer
  expect(reads).toBeGreaterThan(0)
  expect(files()).toBe(1)
})

test('256 MiB go up and down in flat memory', async () => {
  const before = await server.memoryMb()
  const chunk = Buffer.alloc(1 << 20, 7)
  const hash = createHash('md5')
  const upload = server.upload('/box/big')
  let most = 0
  for (let sent = 0; sent < 256; sent++) {
    hash.update(chunk)
    if (!upload.write(chunk)) await once(upload, 'drain')
    if (sent % 32 === 31) most = Math.max(most, await server.memoryMb())
  }
  upload.end()
  const [reply] = await once(upload, 'response')
  expect(reply.statusCode).toBe(201)
  expect(reply.headers.etag).toBe(hash.digest('hex'))
  const down = await server.call('GET', '/box/big')
  const back = createHash('md5')
  for await (const part of down.body ?? []) back.update(part)
  expect(back.digest('hex')).toBe(reply.headers.etag)
  most = Math.max(most, await server.memoryMb())
  expect(most - before).toBeLessThan(150)
  await server.call('DELETE', '/box/big')
}, 60_000)

test('kill -9 while many write: what was answered 201 is there, and nothing else', async () => {
  for (let round = 0; round < 3; round++) {
    const answered = new Map<string, string>()
    const container = `/kill${round}`
    await server.call('PUT', container)
    const write = async (n: number) => {
      for (let k = 0; ; k++) {
        const [name, body] = [`${container}/${n}-${k % 5}`, `${round}-${n}-${k}`.repeat(5_000)]
        const reply = await server.call('PUT', name, body)
        if (reply.status === 201) answered.set(name, md5(body))
      }
    }
    const broken = server.upload(`${container}/broken`)
    broken.on('error', () => undefined)
    broken.write(Buffer.alloc(2 << 20))
    const writers = Promise.allSettled([0, 1, 2, 3].map(write))
    await eventually(() => answered.size >= 12)
    await server.stop('SIGKILL')
    await writers
    server = await start()
    const rows = await (await server.call('GET', `${container}?format=json`)).json()
    const listed = rows as { name: string; hash: string; bytes: number }[]
    for (const name of answered.keys()) expect(listed.map(row => `${container}/${row.name}`)).toContain(name)
    for (const row of listed) {
      const reply = await server.call('GET', `${container}/${row.name}`)
      expect(md5(new Uint8Array(await reply.arrayBuffer()))).toBe(row.hash)
    }
    const { headers } = await server.call('HEAD', container)
    expect(Number(headers.get('x-container-object-count'))).toBe(listed.length)
    expect(Number(headers.get('x-container-bytes-used'))).toBe(
      listed.reduce((sum, row) => sum + row.bytes, 0),
    )
    const account = await server.call('HEAD', '')
    await eventually(() => files() === Number(account.headers.get('x-account-object-count')))
  }
}, 120_000)
