import { createHmac } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { isSigned, parametersOf } from '../src/resources/oauth1/signature.ts'
import { type TestApp, testApp } from './app.ts'
import { type World, world } from './world.ts'

let api: TestApp
let w: World
let adminId: string
/** what the administrator lends from */
let project: string
beforeAll(async () => {
  api = await testApp()
  w = await world(api)
  const { body } = await api.call('GET', '/v3/auth/tokens', {
    token: w.admin,
    headers: { 'x-subject-token': w.admin },
  })
  adminId = body.token.user.id
  project = w.project
  await w.put(`/v3/projects/${project}/users/${adminId}/roles/${w.role('member')}`)
})
afterAll(() => api.close())

interface Signing {
  consumer: { id: string; secret: string }
  token?: { id: string; secret: string }
  more?: Record<string, string>
  nonce?: string
  timestamp?: number
  algorithm?: 'sha1' | 'sha256'
}

let nonces = 0
/** As RFC 5849 says, written apart from what is tested. */
function sign(path: string, { consumer, token, more = {}, nonce, timestamp, algorithm = 'sha1' }: Signing) {
  nonces += 1
  const parameters: Record<string, string> = {
    oauth_consumer_key: consumer.id,
    ...(token ? { oauth_token: token.id } : {}),
    oauth_signature_method: algorithm === 'sha1' ? 'HMAC-SHA1' : 'HMAC-SHA256',
    oauth_timestamp: String(timestamp ?? Math.floor(Date.now() / 1_000)),
    oauth_nonce: nonce ?? `nonce-${nonces}`,
    oauth_version: '1.0',
    ...more,
  }
  const [bare = '', query = ''] = path.split('?')
  const e = encodeURIComponent
  const all = [...Object.entries(parameters), ...new URLSearchParams(query)]
  const pairs = all.map(([name, value]) => `${e(name)}=${e(value)}`).sort()
  const base = ['POST', `http://localhost${bare}`, pairs.join('&')].map(e).join('&')
  const signature = createHmac(algorithm, `${e(consumer.secret)}&${e(token?.secret ?? '')}`)
    .update(base)
    .digest('base64')
  const list = Object.entries({ ...parameters, oauth_signature: signature })
  return `OAuth realm="x", ${list.map(([name, value]) => `${name}="${e(value)}"`).join(', ')}`
}

const REQUEST = '/v3/OS-OAUTH1/request_token'
const ACCESS = '/v3/OS-OAUTH1/access_token'
const TOKENS = '/v3/auth/tokens'

async function consumer(): Promise<{ id: string; secret: string }> {
  const { status, body } = await api.call('POST', '/v3/OS-OAUTH1/consumers', {
    token: w.admin,
    body: { consumer: { description: 'a program' } },
  })
  expect(status).toBe(201)
  return body.consumer
}
const formOf = (text: string) => {
  const form = new URLSearchParams(text)
  return { id: form.get('oauth_token') ?? '', secret: form.get('oauth_token_secret') ?? '' }
}
const requestToken = (signing: Signing, projectId = project) =>
  api.call('POST', REQUEST, {
    headers: { authorization: sign(REQUEST, signing), 'requested-project-id': projectId },
  })
const authorize = (id: string, roles: unknown = [{ id: w.role('member') }], token = w.admin) =>
  api.call('PUT', `/v3/OS-OAUTH1/authorize/${id}`, { token, body: { roles } })
const accessToken = (signing: Signing) =>
  api.call('POST', ACCESS, { headers: { authorization: sign(ACCESS, signing) } })
const login = (signing: Signing, path = TOKENS, scope?: unknown) =>
  api.call('POST', path, {
    headers: { authorization: sign(path, signing) },
    body: { auth: { identity: { methods: ['oauth1'], oauth1: {} }, ...(scope ? { scope } : {}) } },
  })

/** The whole way. */
async function lent(roles?: unknown) {
  const program = await consumer()
  const request = formOf((await requestToken({ consumer: program })).text)
  const { body } = await authorize(request.id, roles)
  const more = { oauth_verifier: body.token.oauth_verifier }
  const access = formOf((await accessToken({ consumer: program, token: request, more })).text)
  return { consumer: program, request, token: access, more }
}
const works = async (token: string) => (await api.call('GET', '/v3/auth/projects', { token })).status === 200

test('a user lends a role to a consumer, which uses it by signed requests', async () => {
  const program = await consumer()
  const asked = await requestToken({ consumer: program })
  expect(asked.status).toBe(201)
  expect(asked.headers['content-type']).toMatch('application/x-www-form-urlencoded')
  expect(asked.text).toMatch(/^oauth_token=[0-9a-f]{32}&oauth_token_secret=[0-9a-f]{32}&oauth_expires_at=20/)
  const request = formOf(asked.text)
  const { status, body } = await authorize(request.id)
  expect(status).toBe(200)
  const more = { oauth_verifier: body.token.oauth_verifier }
  expect(more.oauth_verifier).toMatch(/^\w{8}$/)
  const got = await accessToken({ consumer: program, token: request, more })
  expect(got.status).toBe(201)
  const token = formOf(got.text)
  const issued = await login({ consumer: program, token })
  expect(issued.status).toBe(201)
  expect(issued.body.token).toMatchObject({
    methods: ['oauth1'],
    user: { id: adminId },
    project: { id: project },
    'OS-OAUTH1': { access_token_id: token.id, consumer_id: program.id },
  })
  expect(issued.body.token.roles.map((role: { name: string }) => role.name)).toEqual(['member', 'reader'])
})

describe('a consumer', () => {
  const path = '/v3/OS-OAUTH1/consumers'

  test('is made, shown, listed, changed and deleted; its secret is told once', async () => {
    const made = await consumer()
    expect(made.secret).toMatch(/^[0-9a-f]{32}$/)
    const shown = await api.call('GET', `${path}/${made.id}`, { token: w.admin })
    expect(shown.body.consumer).toEqual({
      id: made.id,
      description: 'a program',
      links: { self: expect.stringMatching(`${path}/${made.id}$`) },
    })
    const listed = await api.call('GET', path, { token: w.admin })
    expect(listed.body.consumers).toContainEqual(shown.body.consumer)
    expect(listed.text).not.toContain(made.secret)
    const change = (fields: unknown) =>
      api.call('PATCH', `${path}/${made.id}`, { token: w.admin, body: { consumer: fields } })
    expect((await change({ description: 'd', colour: 'blue' })).body.consumer).toMatchObject({
      description: 'd',
      colour: 'blue',
    })
    expect((await change({ secret: 'mine' })).status).toBe(400)
    const row = await api.deps.db.consumer.findUniqueOrThrow({ where: { id: made.id } })
    expect(Buffer.from(row.secret_sealed).includes(made.secret)).toBe(false)
    expect((await api.call('DELETE', `${path}/${made.id}`, { token: w.admin })).status).toBe(204)
    expect((await api.call('GET', `${path}/${made.id}`, { token: w.admin })).status).toBe(404)
  })
})

describe('a signature', () => {
  test('is that of RFC 5849', () => {
    const authorization = `OAuth realm="Photos",
      oauth_consumer_key="dpf43f3p2l4k3l03", oauth_token="nnch734d00sl2jdk",
      oauth_signature_method="HMAC-SHA1", oauth_timestamp="137131202", oauth_nonce="chapoH",
      oauth_signature="MdpQcU8iPSUjWoN%2FUDMsK2sui9I%3D"`
    const secrets = { consumerSecret: 'kd94hf93k423kf44', tokenSecret: 'pfkkdhi9sl3r4s00' }
    const url = 'http://photos.example.net/photos?file=vacation.jpg&size=original'
    expect(isSigned({ method: 'GET', url, authorization }, secrets)).toBe(true)
    expect(isSigned({ method: 'GET', url: url.replace('photos.', 'PHOTOS.'), authorization }, secrets)).toBe(
      true,
    )
    expect(isSigned({ method: 'POST', url, authorization }, secrets)).toBe(false)
    expect(isSigned({ method: 'GET', url: `${url}x`, authorization }, secrets)).toBe(false)
    expect(isSigned({ method: 'GET', url, authorization }, { ...secrets, tokenSecret: '' })).toBe(false)
  })

  test.each([
    ['no header', undefined],
    ['another scheme', 'Basic abc'],
    ['a parameter twice', 'OAuth a="1", a="2"'],
    ['no quotes', 'OAuth a=1'],
    ['an escape that is none', 'OAuth a="%zz"'],
  ])('%s is not read', (_, header) => {
    expect(parametersOf(header)).toBeNull()
  })

  test('must be in the header', async () => {
    expect((await api.call('POST', REQUEST, { headers: { 'requested-project-id': project } })).status).toBe(
      400,
    )
    const program = await consumer()
    const authorization = sign(REQUEST, { consumer: program })
    expect((await api.call('POST', REQUEST, { headers: { authorization } })).status).toBe(400)
  })

  test('also covers the query, and may be by SHA-256', async () => {
    const signing = await lent()
    expect((await login({ ...signing, algorithm: 'sha256' }, `${TOKENS}?nocatalog`)).status).toBe(201)
    const authorization = sign(TOKENS, signing)
    const { status } = await api.call('POST', `${TOKENS}?nocatalog`, {
      headers: { authorization },
      body: { auth: { identity: { methods: ['oauth1'], oauth1: {} } } },
    })
    expect(status).toBe(401)
  })

  test.each<[string, (s: Awaited<ReturnType<typeof lent>>) => Signing]>([
    ['by a wrong secret of the consumer', s => ({ ...s, consumer: { ...s.consumer, secret: 'x' } })],
    ['by a wrong secret of the token', s => ({ ...s, token: { ...s.token, secret: 'x' } })],
    ['of nobody', s => ({ ...s, consumer: { id: 'nobody', secret: 'x' } })],
    ['of no token', s => ({ ...s, token: { id: 'nothing', secret: 'x' } })],
    ['of a request token', s => ({ ...s, token: s.request })],
    ['from long ago', s => ({ ...s, timestamp: Math.floor(Date.now() / 1_000) - 700 })],
    ['from a time to come', s => ({ ...s, timestamp: Math.floor(Date.now() / 1_000) + 700 })],
    ['from no time', s => ({ ...s, timestamp: Number.NaN })],
  ])('%s is refused', async (_, change) => {
    const { status, body } = await login(change(await lent()))
    expect(status).toBe(401)
    expect(body.error.message).toBe('The request you have made requires authentication.')
  })

  test('of another consumer for this one’s token is refused', async () => {
    const [mine, other] = [await lent(), await consumer()]
    expect((await login({ consumer: other, token: mine.token })).status).toBe(401)
  })

  test('is good once', async () => {
    const signing = { ...(await lent()), nonce: 'once', timestamp: Math.floor(Date.now() / 1_000) }
    const answers = await Promise.all([login(signing), login(signing), login(signing)])
    expect(answers.map(({ status }) => status).sort()).toEqual([201, 401, 401])
    await api.deps.prune()
    expect((await login(signing)).status).toBe(401)
  })
})

describe('authorizing', () => {
  const fresh = async () => {
    const program = await consumer()
    return { consumer: program, token: formOf((await requestToken({ consumer: program })).text) }
  }

  test('takes roles that one has there', async () => {
    const { token } = await fresh()
    expect((await authorize(token.id, [{ name: 'admin' }])).status).toBe(401)
    expect((await authorize(token.id, [{ name: 'nothing' }])).status).toBe(404)
    expect((await authorize(token.id, [])).status).toBe(400)
    expect((await authorize('nothing')).status).toBe(404)
    expect((await authorize(token.id, [{ name: 'reader' }])).status).toBe(200)
  })

  test('is not for lent rights', async () => {
    const { token } = await fresh()
    const mine = await lent()
    const by = await login(mine)
    expect(by.status).toBe(201)
    const lentToken = String(by.headers['x-subject-token'])
    expect((await authorize(token.id, undefined, lentToken)).status).toBe(403)
  })

  test('there must be such a project', async () => {
    expect((await requestToken({ consumer: await consumer() }, 'nowhere')).status).toBe(404)
  })

  test('comes before the access token, which needs its verifier, and is had once', async () => {
    const signing = await fresh()
    const more = (oauth_verifier: string) => ({ ...signing, more: { oauth_verifier } })
    expect((await accessToken(more('x'))).status).toBe(401)
    expect((await accessToken(signing)).status).toBe(400)
    const { body } = await authorize(signing.token.id)
    expect((await accessToken(more('wrong123'))).status).toBe(401)
    const many = await Promise.all([0, 1, 2, 3].map(() => accessToken(more(body.token.oauth_verifier))))
    expect(many.map(({ status }) => status).sort()).toEqual([201, 401, 401, 401])
  })

  test('a request token ends', async () => {
    const signing = await fresh()
    const { body } = await authorize(signing.token.id)
    await api.deps.db.oAuth1Token.update({
      where: { id: signing.token.id },
      data: { expires_at: new Date(Date.now() - 1) },
    })
    expect((await authorize(signing.token.id)).status).toBe(404)
    const more = { oauth_verifier: body.token.oauth_verifier }
    expect((await accessToken({ ...signing, more })).status).toBe(401)
    await api.deps.prune()
    expect(await api.deps.db.oAuth1Token.findUnique({ where: { id: signing.token.id } })).toBeNull()
  })
})

describe('an access token', () => {
  const path = (id = '') => `/v3/users/${adminId}/OS-OAUTH1/access_tokens${id && `/${id}`}`
  const get = (url: string, token = w.admin) => api.call('GET', url, { token })

  test('is listed and shown, with its roles, under the user who lent', async () => {
    const { token, consumer: program } = await lent()
    const { body } = await get(path(token.id))
    expect(body.access_token).toMatchObject({
      id: token.id,
      consumer_id: program.id,
      authorizing_user_id: adminId,
      project_id: project,
      expires_at: expect.stringMatching(/Z$/),
    })
    expect((await get(path())).body.access_tokens).toContainEqual(body.access_token)
    const roles = await get(`${path(token.id)}/roles`)
    expect(roles.body.roles.map((role: { name: string }) => role.name)).toEqual(['member'])
    expect((await get(`${path(token.id)}/roles/${w.role('member')}`)).body.role.name).toBe('member')
    expect((await get(`${path(token.id)}/roles/${w.role('admin')}`)).status).toBe(404)
    expect((await get(path(token.id).replace(adminId, w.userId))).status).toBe(404)
    expect((await get(path(), await api.demo())).status).toBe(403)
  })

  test('makes tokens that make no other and see no other project', async () => {
    const { headers } = await login(await lent())
    const token = String(headers['x-subject-token'])
    const again = await api.call('POST', TOKENS, {
      body: { auth: { identity: { methods: ['token'], token: { id: token } } } },
    })
    expect(again.status).toBe(403)
    const { body } = await get('/v3/auth/projects', token)
    expect(body.projects.map((it: { id: string }) => it.id)).toEqual([project])
    expect((await get(path(), token)).status).toBe(403)
    expect((await get('/v3/OS-TRUST/trusts?trustor_user_id=x', token)).status).toBe(403)
    expect((await login(await lent(), TOKENS, { project: { id: project } })).status).toBe(401)
  })

  test('ends when it says', async () => {
    const signing = await lent()
    const soon = new Date(Date.now() + 30_000)
    const set = (expires_at: Date) =>
      api.deps.db.oAuth1Token.update({ where: { id: signing.token.id }, data: { expires_at } })
    await set(soon)
    const { body } = await login(signing)
    expect(Date.parse(body.token.expires_at)).toBeLessThanOrEqual(soon.getTime())
    await set(new Date(Date.now() - 1))
    expect((await login(signing)).status).toBe(401)
  })

  test.each<[string, (s: Awaited<ReturnType<typeof lent>>) => string]>([
    ['it', s => path(s.token.id)],
    ['its consumer', s => `/v3/OS-OAUTH1/consumers/${s.consumer.id}`],
  ])('ends its tokens when %s is deleted', async (_, url) => {
    const [signing, other] = [await lent(), await lent()]
    const tokenOf = async (it: Signing) => String((await login(it)).headers['x-subject-token'])
    const [gone, stays] = [await tokenOf(signing), await tokenOf(other)]
    expect((await api.call('DELETE', url(signing), { token: w.admin })).status).toBe(204)
    expect([await works(gone), await works(stays)]).toEqual([false, true])
    expect((await login(signing)).status).toBe(401)
    expect((await api.call('DELETE', url(signing), { token: w.admin })).status).toBe(404)
  })

  test('ends its tokens when the role is taken from the user', async () => {
    const pilot = await w.create('roles', 'role', { name: 'pilot' })
    const grant = `/v3/projects/${project}/users/${adminId}/roles/${pilot}`
    await w.put(grant)
    const signing = await lent([{ id: pilot }])
    const token = String((await login(signing)).headers['x-subject-token'])
    expect(await works(token)).toBe(true)
    await api.call('DELETE', grant, { token: w.admin })
    expect(await works(token)).toBe(false)
    expect((await login(signing)).status).toBe(401)
  })
})
