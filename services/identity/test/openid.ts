import { generateKeyPairSync, randomBytes } from 'node:crypto'
import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Provider } from 'oidc-provider'

/** Whom the provider knows; everybody's password is their name. */
export const PEOPLE: Record<string, Record<string, unknown>> = {
  alice: { preferred_username: 'alice', email: 'alice@example.com', groups: ['staff', 'ops'] },
  bob: { preferred_username: 'bob', email: 'bob@example.com', groups: [] },
}
export const CLIENT = { client_id: 'caelum', client_secret: 'the-client-secret' }
/** another program of the same provider, whose tokens must be good for nothing here */
export const STRANGER = { client_id: 'stranger', client_secret: 'the-stranger-secret' }

const newKey = () => {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const kid = randomBytes(8).toString('hex')
  return { ...privateKey.export({ format: 'jwk' }), kid, alg: 'ES256', use: 'sig' }
}

/**
 * A real OpenID provider, which lets people and programs in by password, by browser and by themselves.
 *
 * @param redirectUris where it sends browsers back to
 */
export async function openIdProvider() {
  let answer: RequestListener = (_, response) => response.writeHead(500).end()
  let away = false
  const server = createServer((request, response) => {
    if (away) response.writeHead(502).end()
    else answer(request, response)
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  const issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const faults: Error[] = []

  function start(redirectUris: readonly string[] = []): void {
    const provider = new Provider(issuer, configuration(redirectUris))
    provider.on('server_error', (_, error) => faults.push(error))
    provider.registerGrantType(
      'password',
      async ctx => {
        const { username: accountId = '', password, scope = 'openid' } = ctx.oidc.params
        if (!PEOPLE[accountId] || password !== accountId) throw new Error('wrong password')
        const grant = new provider.Grant({ accountId, clientId: (ctx.oidc.client as Named).clientId })
        grant.addOIDCScope(scope)
        const token = new provider.AccessToken({
          accountId,
          client: ctx.oidc.client,
          grantId: await grant.save(),
          scope,
          gty: 'password',
        })
        ctx.body = { access_token: await token.save(), token_type: 'Bearer', expires_in: 3600, scope }
      },
      ['username', 'password', 'scope'],
    )
    answer = provider.callback()
  }
  start()

  async function token(parameters: Record<string, string>, client = CLIENT): Promise<string> {
    const basic = Buffer.from(`${client.client_id}:${client.client_secret}`).toString('base64')
    const reply = await fetch(`${issuer}/token`, {
      method: 'POST',
      headers: { authorization: `Basic ${basic}` },
      body: new URLSearchParams(parameters),
    })
    const body = (await reply.json()) as { access_token?: string }
    if (!body.access_token) throw new Error(JSON.stringify(body))
    return body.access_token
  }

  return {
    issuer,
    faults,
    /** Keys and all: everything signed before is worth nothing. */
    restart: start,
    away: (is: boolean) => {
      away = is
    },
    /** an opaque access token of a person */
    personToken: (username: string, client = CLIENT) =>
      token({ grant_type: 'password', username, password: username, scope: 'openid email profile' }, client),
    /** of a program; a JWT where it is meant for somebody */
    programToken: (audience?: string, client = CLIENT) =>
      token(
        { grant_type: 'client_credentials', ...(audience ? { resource: audience, scope: 'use' } : {}) },
        client,
      ),
    async close() {
      server.closeAllConnections()
      await new Promise(resolve => server.close(resolve))
    },
  }
}

export type OpenIdProvider = Awaited<ReturnType<typeof openIdProvider>>

interface Named {
  clientId: string
}

const configuration = (redirectUris: readonly string[]) => ({
  clients: [CLIENT, STRANGER].map(client => ({
    ...client,
    grant_types: ['authorization_code', 'client_credentials', 'password'],
    redirect_uris: redirectUris.length > 0 ? redirectUris : ['http://127.0.0.1/never'],
    id_token_signed_response_alg: 'ES256',
  })),
  jwks: { keys: [newKey()] },
  cookies: { keys: ['a key of the provider'] },
  claims: { openid: ['sub'], email: ['email'], profile: ['preferred_username', 'groups'] },
  conformIdTokenClaims: false,
  ttl: {
    AccessToken: 3_600,
    AuthorizationCode: 60,
    ClientCredentials: 3_600,
    Grant: 3_600,
    IdToken: 3_600,
    Interaction: 3_600,
    Session: 3_600,
  },
  findAccount: (_: unknown, accountId: string) =>
    PEOPLE[accountId] && { accountId, claims: () => ({ sub: accountId, ...PEOPLE[accountId] }) },
  features: {
    clientCredentials: { enabled: true },
    introspection: { enabled: true, allowedPolicy: () => true },
    resourceIndicators: {
      enabled: true,
      defaultResource: () => undefined,
      useGrantedResource: () => true,
      getResourceServerInfo: (_: unknown, resource: string) => ({
        audience: resource,
        scope: 'use',
        accessTokenFormat: 'jwt',
        jwt: { sign: { alg: 'ES256' } },
      }),
    },
  },
})
