import { silentLogger } from '@caelum/kernel'
import { type Persona, testDatabase, testVerifier } from '@caelum/testkit'
import { buildApp } from '../src/app.ts'
import { createDeps } from '../src/deps.ts'

type Method = 'GET' | 'POST' | 'PUT' | 'DELETE' | 'HEAD' | 'PATCH'

/** The network application on a database of its own, spoken to as a client would; without OVN unless a test has one. */
export async function testApp(ovn = { nb: 'unix:/nowhere/nb', sb: 'unix:/nowhere/sb' }) {
  const database = await testDatabase('network')
  const deps = createDeps({ databaseUrl: database.url, log: silentLogger, underlayMtu: 1_500, ovn })
  const app = buildApp(deps, {
    log: silentLogger,
    verifier: testVerifier(),
    identityUrl: 'http://identity/v3',
  })
  const call = async (who: Persona | null, method: Method, url: string, body?: unknown) => {
    const reply = await app.inject({
      method,
      url: `/v2.0${url}`,
      headers: {
        ...(who?.headers ?? {}),
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      ...(body === undefined ? {} : { payload: typeof body === 'string' ? body : JSON.stringify(body) }),
    })
    // biome-ignore lint/suspicious/noExplicitAny: a test reads the answer as a client does, by path
    const parsed: any = reply.body ? reply.json() : reply.body
    return { status: reply.statusCode, headers: reply.headers, body: parsed }
  }
  const made = async (who: Persona, kind: string, path: string, want: object) => {
    const reply = await call(who, 'POST', path, { [kind]: want })
    if (reply.status !== 201) throw new Error(`${kind}: ${reply.status} ${JSON.stringify(reply.body)}`)
    return reply.body[kind]
  }
  return {
    app,
    deps,
    database,
    call,
    network: (who: Persona, want: object = {}) => made(who, 'network', '/networks', want),
    subnet: (who: Persona, network_id: string, want: object = {}) =>
      made(who, 'subnet', '/subnets', { network_id, cidr: '10.0.0.0/24', ip_version: 4, ...want }),
    port: (who: Persona, network_id: string, want: object = {}) =>
      made(who, 'port', '/ports', { network_id, ...want }),
    group: (who: Persona, want: object = {}) => made(who, 'security_group', '/security-groups', want),
    async close() {
      await app.close()
      await deps.close()
      await database.drop()
    },
  }
}

export type TestApp = Awaited<ReturnType<typeof testApp>>
