/** What only a process of its own shows: how much memory an upload takes, and what is left when it is killed. */
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
import { afterAll, beforeAll, expect, test } from 'vitest'

const projectId = newHexId()
let database: TestDatabase
let dataDir: string
beforeAll(async () => {
  database = await testDatabase('image')
  dataDir = mkdtempSync(join(tmpdir(), 'caelum-image-'))
})
afterAll(async () => {
  await database.drop()
  rmSync(dataDir, { recursive: true, force: true })
})

const files = () =>
  readdirSync(join(dataDir, 'images'), { recursive: true, withFileTypes: true }).filter(entry =>
    entry.isFile(),
  ).length

async function start() {
  const argv = [join(import.meta.dirname, 'server.ts'), database.url, dataDir, projectId]
  const child = spawn(process.execPath, argv, { stdio: ['pipe', 'pipe', 'inherit'] })
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
  const next = async () => JSON.parse((await lines.next()).value ?? '{}')
  const { port, headers } = await next()
  const url = `http://127.0.0.1:${port}/v2/images`
  return {
    async create(): Promise<string> {
      const body = JSON.stringify({ disk_format: 'raw', container_format: 'bare' })
      return ((await (await fetch(url, { method: 'POST', headers, body })).json()) as { id: string }).id
    },
    // biome-ignore lint/suspicious/noExplicitAny: a test reads the answer as a client does, by path
    show: async (id: string): Promise<any> => (await fetch(`${url}/${id}`, { headers })).json(),
    upload: (id: string) =>
      httpRequest(`${url}/${id}/file`, {
        method: 'PUT',
        headers: { ...headers, 'content-type': 'application/octet-stream' },
      }),
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

test('256 MiB go up in flat memory', async () => {
  const server = await start()
  try {
    const id = await server.create()
    const before = await server.memoryMb()
    const upload = server.upload(id)
    const chunk = Buffer.alloc(1 << 20, 7)
    const hash = createHash('md5')
    let most = 0
    for (let sent = 0; sent < 256; sent++) {
      hash.update(chunk)
      if (!upload.write(chunk)) await once(upload, 'drain')
      if (sent % 32 === 31) most = Math.max(most, await server.memoryMb())
    }
    upload.end()
    expect((await once(upload, 'response'))[0].statusCode).toBe(204)
    expect(await server.show(id)).toMatchObject({ size: 256 << 20, checksum: hash.digest('hex') })
    // far below what went up; how far is up to the garbage collector of a busy machine
    expect(most - before).toBeLessThan(180)
  } finally {
    await server.stop('SIGKILL')
  }
}, 60_000)

test('kill -9 in the middle of an upload leaves, after the next start, a queued image and no bytes', async () => {
  const before = files()
  const first = await start()
  const [kept, broken] = [await first.create(), await first.create()]
  expect((await once(first.upload(kept).end('kept'), 'response'))[0].statusCode).toBe(204)
  const upload = first.upload(broken)
  upload.on('error', () => undefined)
  upload.write(Buffer.alloc(3 << 20))
  await eventually(async () => (await first.show(broken)).status === 'saving' && files() === before + 2)
  await first.stop('SIGKILL')
  expect(files()).toBe(before + 2)

  const second = await start()
  try {
    await eventually(async () => (await second.show(broken)).status === 'queued')
    expect(files()).toBe(before + 1)
    expect((await second.show(kept)).status).toBe('active')
    expect((await once(second.upload(broken).end('again'), 'response'))[0].statusCode).toBe(204)
  } finally {
    await second.stop('SIGKILL')
  }
}, 60_000)
