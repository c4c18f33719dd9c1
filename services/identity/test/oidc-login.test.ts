import { generateKeyPairSync } from 'node:crypto'
import { subject } from '@caelum/token'
import { SignJWT } from 'jose'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { STANDARD_LIMITS, type TestApp, testApp } from './app.ts'
import { CLIENT, type OpenIdProvider, openIdProvider, STRANGER } from './openid.ts'
import { type World, world } from './world.ts'

let api: TestApp
let w: World
let provider: OpenIdProvider
let staff: string
beforeAll(async () => {
  provider = await openIdProvider()
  api = await testApp({ federation: { trustedDashboards: [], plainHttp: true } })
  w = await world(api)
  staff = await w.create('groups', 'group', { name: 'staff', domain_id: w.domain })
  await w.put(`/v3/projects/${w.project}/groups/${staff}/roles/${w.role('member')}`)
})
afterAll(async () => {
  await api.close()
  await provider.close()
  expect(provider.faults).toEqual([])
})

const federation = (method: 'GET' | 'PUT' | 'PATCH' | 'DELETE', path: string, body?: unknown) =>
  api.call(method, `/v3/OS-FEDERATION/${path}`, { token: w.admin, ...(body ? { body } : {}) })

const user = { user: { name: '{0}', email: '{1}' } }
const remote = [{ type: 'preferred_username' }, { type: 'email' }]
const RULES = [
  { local: [user], remote },
  { local: [{ groups: '{0}', domain: { name: 'w-domain' } }], remote: [{ type: 'groups' }] },
  { local: [{ user: { name: 'program {0}' } }], remote: [{ type: 'client_id' }] },
]
const mapping = (rules: unknown[], at = 'people') =>
  federation('PATCH', `mappings/${at}`, { mapping: { rules } })
const xOidc = (change: Record<string, unknown> = {}) => ({ issuer: provider.issuer, ...CLIENT, ...change })

beforeEach(async () => {
  await federation('DELETE', 'identity_providers/door')
  await federation('PUT', 'mappings/people', { mapping: { rules: RULES } })
  await mapping(RULES)
  const made = await federation('PUT', 'identity_providers/door', {
    identity_provider: { enabled: true, domain_id: w.domain, x_oidc: xOidc() },
  })
  expect(made.status).toBe(201)
  await federation('PUT', 'identity_providers/door/protocols/openid', { protocol: { mapping_id: 'people' } })
})

const AUTH = '/v3/OS-FEDERATION/identity_providers/door/protocols/openid/auth'
const enter = (bearer: string, at = AUTH) =>
  api.call('POST', at, { headers: { authorization: `Bearer ${bearer}` } })
const tokenOf = (reply: { headers: Record<string, unknown> }) => String(reply.headers['x-subject-token'])
const rescope = (id: string, scope: unknown) =>
  api.call('POST', '/v3/auth/tokens', {
    body: { auth: { identity: { methods: ['token'], token: { id } }, scope } },
  })
const isGood = async (token: string) => (await api.call('GET', '/v3/auth/projects', { token })).status === 200

test('somebody of the provider comes in by an access token, and rescopes by their groups', async () => {
  const entered = await enter(await provider.personToken('alice'))
  expect(entered.status).toBe(201)
  expect(entered.body.token).toMatchObject({
    methods: ['openid'],
    user: {
      name: 'alice',
      domain: { id: w.domain, name: 'w-domain' },
      'OS-FEDERATION': {
        groups: [{ id: staff }],
        identity_provider: { id: 'door' },
        protocol: { id: 'openid' },
      },
    },
  })
  expect(entered.body.token).not.toHaveProperty('project')
  expect(entered.body.token.user).not.toHaveProperty('password_expires_at')
  const unscoped = tokenOf(entered)
  const projects = await api.call('GET', '/v3/OS-FEDERATION/projects', { token: unscoped })
  expect(projects.body.projects).toMatchObject([{ id: w.project }])
  const scoped = await rescope(unscoped, { project: { id: w.project } })
  expect(scoped.status).toBe(201)
  expect(scoped.body.token.roles.map((it: { name: string }) => it.name)).toContain('member')
  expect(scoped.body.token.user['OS-FEDERATION'].groups).toEqual([{ id: staff }])
  expect(scoped.body.token.methods).toEqual(['token', 'openid'])
  expect(scoped.body.token.expires_at).toBe(entered.body.token.expires_at)
  expect((await rescope(unscoped, { project: { id: w.otherProject } })).status).toBe(401)
  const shown = await api.call('GET', `/v3/users/${entered.body.token.user.id}`, { token: w.admin })
  expect(shown.body.user).toMatchObject({ name: 'alice', email: 'alice@example.com', domain_id: w.domain })
})

test('what a login makes of somebody is in the audit record', async () => {
  const entered = await enter(await provider.personToken('alice'))
  const requestId = String(entered.headers['x-openstack-request-id'])
  const { body } = await api.call('GET', `/v3/x/audit?request_id=${requestId}`, { token: w.admin })
  expect(body.audit).toMatchObject([
    {
      operation: 'identity:federation:auth',
      outcome: 'done',
      actor: null,
      target: `${AUTH.slice('/v3/'.length)}/${entered.body.token.user.id}`,
      domain_ids: [w.domain],
    },
  ])
})

test('they stay the same user, whatever they are called, and their groups are those of the last login', async () => {
  const first = await enter(await provider.personToken('alice'))
  const scoped = tokenOf(await rescope(tokenOf(first), { project: { id: w.project } }))
  await mapping([{ local: [{ user: { name: 'Alice!' } }], remote: [{ type: 'sub' }] }, ...RULES.slice(1)])
  const second = await enter(await provider.personToken('alice'))
  expect(second.body.token.user).toMatchObject({ id: first.body.token.user.id, name: 'Alice!' })
  const again = tokenOf(await rescope(tokenOf(second), { project: { id: w.project } }))
  expect(await isGood(scoped)).toBe(false)
  expect(await isGood(again)).toBe(true)
  await mapping(RULES.slice(0, 1))
  const third = await enter(await provider.personToken('alice'))
  expect(third.body.token.user['OS-FEDERATION'].groups).toEqual([])
  expect((await rescope(tokenOf(third), { project: { id: w.project } })).status).toBe(401)
})

test('they are shown and found by what the provider calls them', async () => {
  const { id } = (await enter(await provider.personToken('alice'))).body.token.user
  const shown = await api.call('GET', `/v3/users/${id}`, { token: w.admin })
  expect(shown.body.user.federated).toEqual([
    { idp_id: 'door', protocols: [{ protocol_id: 'openid', unique_id: 'alice' }] },
  ])
  for (const [query, ids] of [
    ['unique_id=alice&idp_id=door&protocol_id=openid', [id]],
    ['unique_id=alice', [id]],
    ['unique_id=nobody', []],
    ['idp_id=other', []],
  ] as const) {
    const { body } = await api.call('GET', `/v3/users?${query}`, { token: w.admin })
    expect(body.users.map((it: { id: string }) => it.id)).toEqual(ids)
  }
})

test('any number of first logins at once make one user', async () => {
  const bearers = await Promise.all(Array.from({ length: 6 }, () => provider.personToken('bob')))
  const entered = await Promise.all(bearers.map(bearer => enter(bearer)))
  expect(entered.map(it => it.status)).toEqual(bearers.map(() => 201))
  expect(new Set(entered.map(it => it.body.token.user.id)).size).toBe(1)
})

test('a mapping that changes during logins leaves nobody with what the old one gave', async () => {
  const bearer = await provider.personToken('alice')
  for (let round = 0; round < 5; round++) {
    await mapping(RULES)
    const logins = Array.from({ length: 6 }, () => enter(bearer))
    const changed = mapping(RULES.slice(0, 1))
    const entered = await Promise.all(logins)
    expect((await changed).status).toBe(200)
    const groupsOf = (it: (typeof entered)[number]) => it.body.token.user['OS-FEDERATION'].groups
    const came = entered.filter(it => it.status === 201)
    for (const it of came)
      expect([await isGood(tokenOf(it)), groupsOf(it)]).not.toEqual([true, [{ id: staff }]])
    const user = await api.call('GET', `/v3/users?unique_id=alice`, { token: w.admin })
    const where = { user_id: user.body.users[0]?.id ?? '' }
    expect(await api.deps.db.outsideMembership.count({ where })).toBe(0)
  }
})

test('a token is made only while provider, protocol and mapping are as they were when they were asked', async () => {
  const { id: userId } = (await enter(await provider.personToken('alice'))).body.token.user
  const asked = async () => (await api.deps.federatedLogin.open('door', 'openid')).door.version
  const issue = (version: string) => {
    const federated = { providerId: 'door', protocolId: 'openid', groupIds: [], local: false, version }
    const proof = { userId, methods: ['openid'], federated }
    return api.deps.tokens.issueFor({ address: '', requestId: '', operation: 'x' }, Promise.resolve(proof))
  }
  const protocol = { mapping_id: 'people' }
  for (const change of [
    () => mapping(RULES),
    () => federation('PATCH', 'identity_providers/door/protocols/openid', { protocol }),
    () => federation('PATCH', 'identity_providers/door', { identity_provider: { description: 'd' } }),
    () => federation('PATCH', 'identity_providers/door', { identity_provider: { enabled: false } }),
  ]) {
    const version = await asked()
    expect((await issue(version)).claims.fed).toMatchObject({ i: 'door', p: 'openid' })
    expect((await change()).status).toBe(200)
    await expect(issue(version)).rejects.toMatchObject({ status: 401 })
  }
})

test('a group that the provider no longer names ends the tokens for its targets, and no others', async () => {
  const alice = () => enter(bearer)
  const bearer = await provider.personToken('alice')
  const first = await alice()
  const { id } = first.body.token.user
  await w.put(`/v3/projects/${w.otherProject}/users/${id}/roles/${w.role('reader')}`)
  const byGroup = tokenOf(await rescope(tokenOf(first), { project: { id: w.project } }))
  const byRole = tokenOf(await rescope(tokenOf(first), { project: { id: w.otherProject } }))
  await api.deps.db.mapping.update({ where: { id: 'people' }, data: { rules: RULES.slice(0, 1) } })
  const second = await alice()
  expect(second.status).toBe(201)
  expect([await isGood(byGroup), await isGood(byRole)]).toEqual([false, true])
})

test('a program comes in by itself, by an opaque token or a JWT', async () => {
  const opaque = await enter(await provider.programToken())
  expect(opaque.body.token.user).toMatchObject({ name: 'program caelum' })
  await federation('PATCH', 'identity_providers/door', {
    identity_provider: { x_oidc: xOidc({ audiences: ['urn:cloud'] }) },
  })
  const jwt = await enter(await provider.programToken('urn:cloud'))
  expect(jwt.body.token.user).toMatchObject({ id: opaque.body.token.user.id, name: 'program caelum' })
})

test('what was given to another program is good for nothing', async () => {
  expect((await enter(await provider.personToken('alice', STRANGER))).status).toBe(401)
  expect((await enter(await provider.programToken('urn:else', STRANGER))).status).toBe(401)
})

test.each([
  ['nothing', ''],
  ['garbage', 'garbage'],
  ['something like a JWT', 'a.b.c'],
  ['an unsigned JWT', `${Buffer.from('{"alg":"none"}').toString('base64url')}.e30.`],
])('%s is no login', async (_, bearer) => {
  const refused = await enter(bearer)
  expect(refused.status).toBe(401)
  expect(refused.body.error.message).toBe('The request you have made requires authentication.')
})

test('a JWT by another key, or by a shared secret, is no login', async () => {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const forged = (alg: string, key: Parameters<SignJWT['sign']>[0]) =>
    new SignJWT({ client_id: CLIENT.client_id })
      .setProtectedHeader({ alg, typ: 'at+jwt' })
      .setIssuer(provider.issuer)
      .setSubject('alice')
      .setAudience(CLIENT.client_id)
      .setExpirationTime('5m')
      .sign(key)
  expect((await enter(await forged('ES256', privateKey))).status).toBe(401)
  expect((await enter(await forged('HS256', Buffer.from(CLIENT.client_secret)))).status).toBe(401)
})

test('keys that the provider replaces are noticed', async () => {
  await federation('PATCH', 'identity_providers/door', {
    identity_provider: { x_oidc: xOidc({ audiences: ['urn:cloud', 'urn:rotation'] }) },
  })
  const old = await provider.programToken('urn:rotation')
  expect((await enter(old)).status).toBe(201)
  provider.restart()
  // the clock of the library that limits how often keys are read
  const now = Date.now
  Date.now = () => now() + 31_000
  try {
    expect((await enter(await provider.programToken('urn:rotation'))).status).toBe(201)
    expect((await enter(old)).status).toBe(401)
  } finally {
    Date.now = now
  }
})

test('a mapping may name users of our own, who stay what they are', async () => {
  await mapping([{ local: [{ user: { id: w.userId, type: 'local' } }], remote: [{ type: 'sub' }] }])
  const entered = await enter(await provider.personToken('bob'))
  expect(entered.body.token.user).toMatchObject({ id: w.userId, name: 'w-user' })
  expect(entered.body.token.user).not.toHaveProperty('OS-FEDERATION')
  const named = { name: 'w-user', domain: { id: 'default' }, type: 'local' }
  await mapping([{ local: [{ user: named }], remote: [{ type: 'sub' }] }])
  const token = tokenOf(await enter(await provider.personToken('bob')))
  expect((await rescope(token, { project: { id: w.project } })).status).toBe(201)
  await federation('PATCH', 'identity_providers/door', { identity_provider: { enabled: false } })
  expect(await isGood(token)).toBe(false)
  await federation('PATCH', 'identity_providers/door', { identity_provider: { enabled: true } })
  await mapping([{ local: [{ user: { name: 'nobody', type: 'local' } }], remote: [{ type: 'sub' }] }])
  expect((await enter(await provider.personToken('bob'))).status).toBe(401)
})

test('a token that outlives a membership still ends with the role of the group', async () => {
  const entered = await enter(await provider.personToken('alice'))
  const token = tokenOf(await rescope(tokenOf(entered), { project: { id: w.project } }))
  await api.deps.db.$executeRaw`update outside_memberships set expires_at = now() - interval '1 second'`
  expect((await rescope(tokenOf(entered), { project: { id: w.project } })).status).toBe(401)
  expect(await isGood(token)).toBe(true)
  const role = `/v3/projects/${w.project}/groups/${staff}/roles/${w.role('member')}`
  await api.call('DELETE', role, { token: w.admin })
  expect(await isGood(token)).toBe(false)
  await w.put(role)
  await api.deps.prune()
  expect(await api.deps.db.outsideMembership.count()).toBe(1)
  await api.deps.db.$executeRaw`update outside_memberships set expires_at = now() - interval '2 days'`
  await api.deps.prune()
  expect(await api.deps.db.outsideMembership.count()).toBe(0)
})

test('somebody named like a user of our own is somebody else', async () => {
  await mapping([
    { local: [{ user: { name: 'admin', domain: { id: 'default' } } }], remote: [{ type: 'sub' }] },
  ])
  const entered = await enter(await provider.personToken('bob'))
  const admin = await api.deps.db.user.findFirstOrThrow({ where: { name: 'admin', source: 'local' } })
  expect(entered.body.token.user.name).toBe('admin')
  expect(entered.body.token.user.id).not.toBe(admin.id)
  expect((await api.login(api.named('admin', 'admin-secret'))).body.token.user.id).toBe(admin.id)
})

test('projects are made, with roles, as the mapping says', async () => {
  const projects = [{ name: '{0}’s', roles: [{ name: 'member' }] }]
  await mapping([{ local: [{ user: { name: '{0}' }, projects }], remote: [{ type: 'preferred_username' }] }])
  const token = tokenOf(await enter(await provider.personToken('bob')))
  const own = await api.call('GET', '/v3/auth/projects', { token })
  expect(own.body.projects).toMatchObject([{ name: 'bob’s', domain_id: w.domain }])
  expect((await rescope(token, { project: { id: own.body.projects[0].id } })).status).toBe(201)
  projects[0]?.roles.push({ name: 'nothing' })
  await mapping([{ local: [{ user: { name: '{0}' }, projects }], remote: [{ type: 'preferred_username' }] }])
  expect((await enter(await provider.personToken('bob'))).status).toBe(401)
})

test('nobody comes in whom no rule fits, or by what is not there', async () => {
  await mapping([{ local: [user], remote: [...remote, { type: 'groups', any_one_of: ['never'] }] }])
  expect((await enter(await provider.personToken('alice'))).status).toBe(401)
  await federation('DELETE', 'mappings/people')
  expect((await enter(await provider.personToken('alice'))).status).toBe(401)
  const bearer = await provider.personToken('alice')
  expect((await enter(bearer, AUTH.replace('openid', 'other'))).status).toBe(404)
  expect((await enter(bearer, AUTH.replace('door', 'other'))).status).toBe(404)
  await federation('PATCH', 'identity_providers/door', { identity_provider: { enabled: false } })
  expect((await enter(bearer)).status).toBe(403)
  await federation('PATCH', 'identity_providers/door', { identity_provider: { enabled: true, x_oidc: null } })
  expect((await enter(bearer)).status).toBe(403)
})

test('remote ids are compared where a protocol says with what', async () => {
  const protocol = (remote_id_attribute: string) =>
    federation('PATCH', 'identity_providers/door/protocols/openid', {
      protocol: { mapping_id: 'people', remote_id_attribute },
    })
  const remoteIds = (...remote_ids: string[]) =>
    federation('PATCH', 'identity_providers/door', { identity_provider: { remote_ids } })
  await protocol('HTTP_OIDC_CLIENT_ID')
  await remoteIds('caelum', 'other')
  expect((await enter(await provider.programToken())).status).toBe(201)
  await remoteIds('other')
  expect((await enter(await provider.programToken())).status).toBe(401)
  await remoteIds()
  expect((await enter(await provider.programToken())).status).toBe(201)
})

test('an address that guesses too much is turned away before the provider is asked', async () => {
  const from = (address: string, bearer: string) =>
    api.call('POST', AUTH, { headers: { authorization: `Bearer ${bearer}`, 'x-forwarded-for': address } })
  const { perAddress } = STANDARD_LIMITS
  for (let n = 0; n < perAddress; n++) expect((await from('192.0.2.7', `guess-${n}`)).status).toBe(401)
  const bearer = await provider.personToken('alice')
  expect((await from('192.0.2.7', bearer)).status).toBe(429)
  expect((await from('192.0.2.8', bearer)).status).toBe(201)
})

test('while the provider is away its people wait, and nobody else', async () => {
  const bearer = await provider.personToken('alice')
  provider.away(true)
  try {
    const waits = await enter(bearer)
    expect(waits.status).toBe(503)
    expect(waits.headers['retry-after']).toBe('5')
    expect((await api.login(w.user)).status).toBe(201)
  } finally {
    provider.away(false)
  }
  expect((await enter(bearer)).status).toBe(201)
})

test('settings are tried out, and the secret is kept to itself', async () => {
  const put = (oidc: Record<string, unknown>) =>
    federation('PUT', 'identity_providers/new', { identity_provider: { x_oidc: oidc } })
  expect((await put(xOidc({ issuer: `${provider.issuer}/elsewhere` }))).status).toBe(400)
  expect((await put(xOidc({ issuer: 'ftp://x/' }))).status).toBe(400)
  expect((await put(xOidc({ issuer: 'http://127.0.0.1:9' }))).status).toBe(400)
  expect((await put(xOidc({ scope: 'email' }))).status).toBe(400)
  const { body, text } = await federation('GET', 'identity_providers/door')
  expect(body.identity_provider.x_oidc).toEqual({
    issuer: provider.issuer,
    client_id: 'caelum',
    audiences: [],
    scope: 'openid profile email',
  })
  expect(text).not.toContain(CLIENT.client_secret)
  const row = await api.deps.db.identityProvider.findUniqueOrThrow({ where: { id: 'door' } })
  expect(Buffer.from(row.oidc_client_secret_sealed ?? '').toString('latin1')).not.toContain(
    CLIENT.client_secret,
  )
  await federation('PATCH', 'identity_providers/door', {
    identity_provider: { x_oidc: { issuer: provider.issuer, client_id: 'caelum' } },
  })
  expect((await enter(await provider.personToken('alice'))).status).toBe(201)
})

test('providers are asked by TLS, unless the cloud is a lab', async () => {
  const strict = await testApp()
  try {
    const made = await strict.call('PUT', '/v3/OS-FEDERATION/identity_providers/door', {
      token: await strict.admin(),
      body: { identity_provider: { x_oidc: xOidc() } },
    })
    expect(made.status).toBe(400)
    expect(made.body.error.message).toMatch(/does not answer as an OpenID provider/)
  } finally {
    await strict.close()
  }
})

test.each<[name: string, act: () => Promise<{ status: number }>, usersEnd: boolean]>([
  [
    'the identity provider is disabled',
    () => federation('PATCH', 'identity_providers/door', { identity_provider: { enabled: false } }),
    false,
  ],
  ['the identity provider is deleted', () => federation('DELETE', 'identity_providers/door'), true],
  [
    'the identity provider is no longer asked',
    () => federation('PATCH', 'identity_providers/door', { identity_provider: { x_oidc: null } }),
    false,
  ],
  ['the protocol is deleted', () => federation('DELETE', 'identity_providers/door/protocols/openid'), true],
  [
    'the protocol is changed',
    () =>
      federation('PATCH', 'identity_providers/door/protocols/openid', { protocol: { mapping_id: 'people' } }),
    false,
  ],
  ['the mapping is changed', () => mapping(RULES), false],
  ['the mapping is deleted', () => federation('DELETE', 'mappings/people'), false],
])('tokens end when %s', async (_, act, usersEnd) => {
  await federation('PUT', 'mappings/others', { mapping: { rules: RULES } })
  const elsewhere = AUTH.replace('openid', 'elsewhere')
  await federation('PUT', 'identity_providers/door/protocols/elsewhere', {
    protocol: { mapping_id: 'others' },
  })
  const entered = await enter(await provider.personToken('alice'))
  const { id } = entered.body.token.user
  const tokens = [tokenOf(entered), tokenOf(await rescope(tokenOf(entered), { project: { id: w.project } }))]
  const local = String((await api.login(w.user)).headers['x-subject-token'])
  const other = tokenOf(await enter(await provider.personToken('bob'), elsewhere))
  expect((await act()).status).toBeLessThan(300)
  expect(await Promise.all(tokens.map(isGood))).toEqual([false, false])
  expect(await isGood(local)).toBe(true)
  expect(await isGood(other)).toBe(!_.includes('identity provider'))
  expect(await api.deps.db.user.count({ where: { id } })).toBe(usersEnd ? 0 : 1)
  expect(await api.deps.db.outsideMembership.count({ where: { user_id: id } })).toBe(0)
  const revoked = await api.deps.db.revocation.count({ where: { subject: subject.user(w.userId) } })
  expect(revoked).toBe(0)
})

test('what is harmless to change ends no token', async () => {
  const token = tokenOf(await enter(await provider.personToken('alice')))
  await federation('PATCH', 'identity_providers/door', {
    identity_provider: { description: 'd', remote_ids: ['x'], x_oidc: xOidc({ client_secret: 'other' }) },
  })
  expect(await isGood(token)).toBe(true)
})
