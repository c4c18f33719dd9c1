import { randomBytes } from 'node:crypto'
import { Secret, silentLogger, systemClock } from '@caelum/kernel'
import { testDatabase } from '@caelum/testkit'
import { buildApp } from '../src/app.ts'
import type { BootstrapConfig } from '../src/bootstrap/bootstrap.ts'
import { accountRulesOf, guardLimitsOf, readConfig } from '../src/config.ts'
import { createDeps, type Deps, type DepsOptions } from '../src/deps.ts'
import type { Asked } from '../src/resources/token/methods/method.ts'
import type { Authenticate } from '../src/resources/token/schema.ts'
import { Sealing } from '../src/signing/seal.ts'

export const ADMIN_PASSWORD = 'admin-secret'
/** Cheap on purpose: only the tests may. */
export const TEST_COST = { memoryCost: 8, timeCost: 1 }

export const testBootstrap = (change: Partial<BootstrapConfig> = {}): BootstrapConfig => ({
  region: 'RegionOne',
  adminPassword: new Secret(ADMIN_PASSWORD),
  demoPassword: new Secret('demo-secret'),
  servicePasswords: { compute: new Secret('compute-secret'), network: new Secret('network-secret') },
  catalog: {
    identity: 'http://cloud.example/identity/v3',
    compute: 'http://cloud.example/compute/v2.1',
    'object-store': 'http://cloud.example/object-store/v1/AUTH_$(project_id)s',
  },
  ...change,
})

/** what there is when nothing is configured */
const standard = readConfig({ DATABASE_URL: 'x', CAELUM_DATA_DIR: 'x', CAELUM_ADMIN_PASSWORD: 'x' })

const sealingKey = randomBytes(32)
export const testSealing = new Sealing(() => [sealingKey])

export const STANDARD_RULES = accountRulesOf(standard)
export const STANDARD_LIMITS = guardLimitsOf(standard)

export const testDeps = (
  url: string,
  change: Partial<BootstrapConfig> = {},
  options: Partial<DepsOptions> = {},
) =>
  createDeps({
    accountRules: STANDARD_RULES,
    guardLimits: STANDARD_LIMITS,
    auditDays: 90,
    databaseUrl: url,
    sealing: testSealing,
    tokenTtlS: 3_600,
    bootstrap: testBootstrap(change),
    hashCost: TEST_COST,
    log: silentLogger,
    ...options,
  })

/** A token from another process's insides, where there is no request. */
export const issue = (deps: Pick<Deps, 'tokens'>, auth: Authenticate) => deps.tokens.issue(NO_REQUEST, auth)
const NO_REQUEST = {
  ctx: { clock: systemClock },
  request: { ip: '127.0.0.1', id: 'req-none', operation: 'identity:tokens:issue', headers: {} },
} as Asked

export interface CallOptions {
  token?: string | undefined
  body?: unknown
  headers?: Record<string, string>
}

/** The identity application on a database of its own, spoken to as a client would. */
export async function testApp(options: Partial<DepsOptions> = {}) {
  const database = await testDatabase('identity')
  const deps = await testDeps(database.url, {}, options)
  const app = buildApp(deps, { log: silentLogger, identityUrl: 'http://identity/v3' })

  async function call(
    method: 'GET' | 'POST' | 'PUT' | 'DELETE' | 'HEAD' | 'PATCH',
    url: string,
    { token, body, headers }: CallOptions = {},
  ) {
    const reply = await app.inject({
      method,
      url,
      headers: {
        ...(token ? { 'x-auth-token': token } : {}),
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(body === undefined ? {} : { payload: typeof body === 'string' ? body : JSON.stringify(body) }),
    })
    return {
      status: reply.statusCode,
      headers: reply.headers,
      text: reply.body,
      // biome-ignore lint/suspicious/noExplicitAny: a test reads the answer as a client does, by path
      body: (reply.body && /json/.test(String(reply.headers['content-type'])) ? reply.json() : null) as any,
    }
  }

  /** a token by password; scope as in the API */
  async function login(user: Record<string, unknown>, scope?: unknown) {
    return call('POST', '/v3/auth/tokens', {
      body: {
        auth: { identity: { methods: ['password'], password: { user } }, ...(scope ? { scope } : {}) },
      },
    })
  }

  const named = (name: string, password: string) => ({ name, password, domain: { id: 'default' } })
  async function tokenOf(name: string, password: string, project: string): Promise<string> {
    const { headers } = await login(named(name, password), {
      project: { name: project, domain: { id: 'default' } },
    })
    return String(headers['x-subject-token'])
  }

  return {
    app,
    deps,
    database,
    call,
    login,
    named,
    tokenOf,
    admin: () => tokenOf('admin', ADMIN_PASSWORD, 'admin'),
    demo: () => tokenOf('demo', 'demo-secret', 'demo'),
    async close() {
      await app.close()
      await deps.close()
      await database.drop()
    },
  }
}

export type TestApp = Awaited<ReturnType<typeof testApp>>
