import { silentLogger } from '@caelum/kernel'
import { eventually, type Persona, testDatabase, testRedisUrl, testVerifier } from '@caelum/testkit'
import { buildApp } from '../src/app.ts'
import { createDeps } from '../src/deps.ts'
import { neighbours } from './neighbours.ts'

/** The compute application on a database of its own, spoken to as a client would. */
export async function testApp() {
  const database = await testDatabase('compute')
  const around = neighbours()
  const deps = createDeps({
    databaseUrl: database.url,
    redisUrl: testRedisUrl(),
    log: silentLogger,
    images: around.imageClient,
    network: around.networkClient,
    rules: { cpuAllocationRatio: 16, reservedRamMb: 0, downAfterMs: 30_000 },
  })
  const app = buildApp(deps, {
    log: silentLogger,
    verifier: testVerifier(),
    identityUrl: 'http://identity/v3',
  })
  return {
    app,
    deps,
    database,
    around,
    /** sends a request as somebody, at a microversion, and gives back status, headers and parsed body */
    async call(
      who: Persona | null,
      method: 'GET' | 'POST' | 'PUT' | 'DELETE' | 'HEAD' | 'PATCH',
      url: string,
      options: { body?: unknown; microversion?: string; headers?: Record<string, string> } = {},
    ) {
      const reply = await app.inject({
        method,
        url: `/v2.1${url}`,
        headers: {
          ...(who?.headers ?? {}),
          ...(options.microversion ? { 'openstack-api-version': `compute ${options.microversion}` } : {}),
          ...(options.body === undefined ? {} : { 'content-type': 'application/json' }),
          ...options.headers,
        },
        ...(options.body === undefined
          ? {}
          : { payload: typeof options.body === 'string' ? options.body : JSON.stringify(options.body) }),
      })
      // biome-ignore lint/suspicious/noExplicitAny: a test reads the answer as a client does, by path
      const body: any =
        reply.body && /json/.test(String(reply.headers['content-type'])) ? reply.json() : reply.body
      return { status: reply.statusCode, headers: reply.headers, body }
    },
    /** empties tables; the reconciler may be in the middle of them, so a deadlock means: once more */
    clear: (tables: string) =>
      eventually(async () => {
        await deps.db.$executeRawUnsafe(`truncate ${tables}`)
        return true
      }),
    async close() {
      await app.close()
      await deps.close()
      await database.drop()
    },
  }
}

export type TestApp = Awaited<ReturnType<typeof testApp>>
