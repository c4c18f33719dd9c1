import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Clock, silentLogger } from '@caelum/kernel'
import { type Persona, testDatabase, testVerifier } from '@caelum/testkit'
import { buildApp } from '../src/app.ts'
import type { Limits } from '../src/config.ts'
import { createDeps } from '../src/deps.ts'

const LIMITS: Limits = { maxBytes: 8 << 20, uploadIdleMs: 10_000, expiryMs: 20 }

export type Method = 'GET' | 'POST' | 'PUT' | 'DELETE' | 'HEAD' | 'COPY'

/** The object storage application on a database and a folder of its own, spoken to as a client would. */
export async function testApp(limits: Partial<Limits> = {}) {
  const database = await testDatabase('object_storage')
  const dataDir = mkdtempSync(join(tmpdir(), 'caelum-objects-'))
  let ahead = 0
  const clock: Clock = { now: () => new Date(Date.now() + ahead) }
  const deps = await createDeps({
    databaseUrl: database.url,
    dataDir,
    limits: { ...LIMITS, ...limits },
    log: silentLogger,
    clock,
    graceMs: 0,
  })
  const app = buildApp(deps, {
    log: silentLogger,
    verifier: testVerifier(),
    identityUrl: 'http://identity/v3',
    clock,
  })
  return {
    app,
    deps,
    database,
    now: () => clock.now(),
    /** moves the clock of the service */
    advance(seconds: number) {
      ahead += seconds * 1_000
    },
    /** `path` follows the account; sent exactly as written */
    async call(
      who: Persona | null,
      method: Method,
      path: string,
      options: { body?: string | Buffer; headers?: Record<string, string>; account?: string } = {},
    ) {
      const account = options.account ?? `AUTH_${who?.projectId}`
      const reply = await app.inject({
        method: method as 'GET',
        url: `/v1/${account}${path}`,
        headers: {
          ...who?.headers,
          ...(options.body === '' ? { 'content-length': '0' } : {}),
          ...options.headers,
        },
        ...(options.body === undefined ? {} : { payload: options.body }),
      })
      return {
        status: reply.statusCode,
        headers: reply.headers,
        text: reply.body,
        bytes: reply.rawPayload,
        lines: reply.body.split('\n').filter(line => line !== ''),
        // biome-ignore lint/suspicious/noExplicitAny: a test reads the answer as a client does, by path
        json: /json/.test(String(reply.headers['content-type'])) ? (reply.json() as any) : undefined,
      }
    },
    put(who: Persona, path: string, body: string | Buffer = 'data', headers: Record<string, string> = {}) {
      return this.call(who, 'PUT', path, { body, headers: { 'content-type': 'text/plain', ...headers } })
    },
    /** every file of the store */
    files(): string[] {
      return readdirSync(join(dataDir, 'objects'), { recursive: true, withFileTypes: true })
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
