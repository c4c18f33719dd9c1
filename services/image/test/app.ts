import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { silentLogger } from '@caelum/kernel'
import { type Persona, testDatabase, testVerifier } from '@caelum/testkit'
import { buildApp } from '../src/app.ts'
import type { Limits } from '../src/config.ts'
import { createDeps } from '../src/deps.ts'

const LIMITS: Limits = { maxBytes: 64 << 20, quotaCount: 100, quotaBytes: 1 << 30, uploadIdleMs: 10_000 }

export interface CallOptions {
  body?: unknown
  headers?: Record<string, string>
}

/** The image application on a database and a folder of its own, spoken to as a client would. */
export async function testApp(limits: Partial<Limits> = {}) {
  const database = await testDatabase('image')
  const dataDir = mkdtempSync(join(tmpdir(), 'caelum-image-'))
  const deps = await createDeps({
    databaseUrl: database.url,
    dataDir,
    limits: { ...LIMITS, ...limits },
    log: silentLogger,
    graceMs: 0,
  })
  const app = buildApp(deps, {
    log: silentLogger,
    verifier: testVerifier(),
    identityUrl: 'http://identity/v3',
  })

  /** sends a request as somebody and gives back status, headers, parsed body and bytes */
  async function call(
    who: Persona | null,
    method: 'GET' | 'POST' | 'PUT' | 'DELETE' | 'HEAD' | 'PATCH',
    url: string,
    { body, headers }: CallOptions = {},
  ) {
    const raw = typeof body === 'string' || Buffer.isBuffer(body)
    const reply = await app.inject({
      method,
      url,
      headers: {
        ...who?.headers,
        ...(body === undefined || raw ? {} : { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(body === undefined ? {} : { payload: raw ? (body as string | Buffer) : JSON.stringify(body) }),
    })
    // biome-ignore lint/suspicious/noExplicitAny: a test reads the answer as a client does, by path
    const parsed: any = /json/.test(String(reply.headers['content-type'])) ? reply.json() : reply.body
    return { status: reply.statusCode, headers: reply.headers, body: parsed, bytes: reply.rawPayload }
  }

  return {
    app,
    deps,
    database,
    dataDir,
    call,
    /** registers an image, raw and bare unless said otherwise */
    async create(who: Persona, more: Record<string, unknown> = {}) {
      const body = { name: 'an image', disk_format: 'raw', container_format: 'bare', ...more }
      return (await call(who, 'POST', '/v2/images', { body })).body
    },
    upload: (who: Persona, id: string, bytes: Buffer, headers: Record<string, string> = {}) =>
      call(who, 'PUT', `/v2/images/${id}/file`, {
        body: bytes,
        headers: { 'content-type': 'application/octet-stream', ...headers },
      }),
    patch: (who: Persona, id: string, changes: unknown, type = 'v2.1') =>
      call(who, 'PATCH', `/v2/images/${id}`, {
        body: JSON.stringify(changes),
        headers: { 'content-type': `application/openstack-images-${type}-json-patch` },
      }),
    /** every file of the store */
    files(): string[] {
      const root = join(dataDir, 'images')
      return readdirSync(root, { recursive: true, withFileTypes: true })
        .filter(entry => entry.isFile())
        .map(entry => entry.name)
    },
    async close() {
      await app.close()
      await deps.close()
      await database.drop()
      rmSync(dataDir, { recursive: true, force: true })
    },
  }
}

export type TestApp = Awaited<ReturnType<typeof testApp>>
