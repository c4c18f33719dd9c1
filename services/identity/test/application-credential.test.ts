import { eventually } from '@caelum/testkit'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type TestApp, testApp } from './app.ts'
import { type World, world } from './world.ts'

let api: TestApp
let w: World
let own: string
let reader: string
beforeAll(async () => {
  api = await testApp()
  w = await world(api)
  own = await tokenFor({ project: { id: w.project } })
  await w.put(`/v3/system/users/${w.noPassword}/roles/${w.role('reader')}`)
  await api.call('PATCH', `/v3/users/${w.noPassword}`, { token: w.admin, body: { user: { password: 'r' } } })
  const { headers } = await api.login({ id: w.noPassword, password: 'r' }, { system: { all: true } })
  reader = String(headers['x-subject-token'])
})
afterAll(() => api.close())

async function tokenFor(scope: unknown): Promise<string> {
  const { headers } = await api.login(w.user, scope)
  return String(headers['x-subject-token'])
}

const path = (user = w.userId) => `/v3/users/${user}/application_credentials`
let made = 0
async function create(fields: Record<string, unknown> = {}, token = own) {
  made += 1
  const application_credential = { name: `credential-${made}`, ...fields }
  const { status, body } = await api.call('POST', path(), { token, body: { application_credential } })
  return { status, error: body?.error?.message as string, ...body?.application_credential }
}
const loginBy = (application_credential: unknown, scope?: unknown) =>
  api.call('POST', '/v3/auth/tokens', {
    body: {
      auth: {
        identity: { methods: ['application_credential'], application_credential },
        ...(scope ? { scope } : {}),
      },
    },
  })
async function tokenBy({ id, secret }: { id?: string; secret?: string }): Promise<string> {
  const { status, headers } = await loginBy({ id, secret })
  expect(status).toBe(201)
  return String(headers['x-subject-token'])
}
const names = (roles: { name: string }[]) => roles.map(role => role.name).sort()
const works = async (token: string) => (await api.call('GET', '/v3/auth/projects', { token })).status === 200

test('a user lends what their token shows to a program, which logs in by the secret', async () => {
  const { status, secret, links, ...shown } = await create({ name: 'backup', description: 'at night' })
  expect(status).toBe(201)
  expect(secret).toMatch(/^[\w-]{86}$/)
  expect(shown).toMatchObject({
    id: expect.stringMatching(/^[0-9a-f]{32}$/),
    name: 'backup',
    description: 'at night',
    user_id: w.userId,
    project_id: w.project,
    system: null,
    unrestricted: false,
    expires_at: null,
  })
  expect(links.self).toMatch(new RegExp(`${path()}/${shown.id}$`))
  expect(names(shown.roles)).toEqual(['member', 'reader'])
  expect(shown).not.toHaveProperty('access_rules')

  const again = await api.call('GET', `${path()}/${shown.id}`, { token: own })
  expect(again.body.application_credential).toMatchObject({ id: shown.id, name: 'backup' })
  expect(again.text).not.toContain(secret)

  const { status: issued, body } = await loginBy({ id: shown.id, secret })
  expect(issued).toBe(201)
  expect(body.token).toMatchObject({
    methods: ['application_credential'],
    user: { id: w.userId },
    project: { id: w.project },
    application_credential: { id: shown.id, name: 'backup', restricted: true },
  })
  expect(names(body.token.roles)).toEqual(['member', 'reader'])
  expect(body.token.catalog.length).toBeGreaterThan(0)
})

describe('the secret', () => {
  test('may be the user’s own, and is kept as a password is', async () => {
    const { id, secret } = await create({ secret: 'weak' })
    expect(secret).toBe('weak')
    expect((await loginBy({ id, secret })).status).toBe(201)
    const row = await api.deps.db.applicationCredential.findUniqueOrThrow({ where: { id } })
    expect(row.secret_hash).toMatch(/^\$argon2id\$/)
  })

  test('of our making is kept as a digest', async () => {
    const { id, secret } = await create({ secret: null })
    const row = await api.deps.db.applicationCredential.findUniqueOrThrow({ where: { id } })
    expect(row.secret_hash).toMatch(/^sha256:/)
    expect(row.secret_hash).not.toContain(secret)
  })

  test.each<[string, (made: { id: string; secret: string; name: string }) => unknown]>([
    ['a wrong one', ({ id }) => ({ id, secret: 'wrong' })],
    ['the digest of it', ({ id }) => ({ id, secret: 'sha256:x' })],
    ['of no credential', ({ secret }) => ({ id: 'nobody', secret })],
    ['of a name of nobody', ({ secret, name }) => ({ name, user: { id: 'nobody' }, secret })],
    ['of a name of somebody else', ({ secret, name }) => ({ name, user: { id: w.noPassword }, secret })],
  ])('%s is refused', async (_, block) => {
    const { status, body } = await loginBy(block(await create()))
    expect(status).toBe(401)
    expect(body.error.message).toBe('The request you have made requires authentication.')
  })
})

test.each<[string, () => unknown]>([
  ['user id', () => ({ id: w.userId })],
  ['user name and domain id', () => ({ name: w.user.name, domain: { id: 'default' } })],
  ['user name and domain name', () => ({ name: w.user.name, domain: { name: 'Default' } })],
])('one logs in by its name and %s', async (_, user) => {
  const { name, secret } = await create()
  expect((await loginBy({ name, user: user(), secret })).status).toBe(201)
})

test.each([{ secret: 'x' }, { name: 'x', secret: 'x' }, { id: 'x' }])('%j is malformed', async block => {
  expect((await loginBy(block)).status).toBe(400)
})

describe('roles', () => {
  test('some of those in the token, and what they imply', async () => {
    const made = await create({ roles: [{ name: 'reader' }] })
    expect(names(made.roles)).toEqual(['reader'])
    expect(names((await loginBy(made)).body.token.roles)).toEqual(['reader'])
    const byId = await create({ roles: [{ id: w.role('member') }, { name: 'member' }] })
    expect(names(byId.roles)).toEqual(['member'])
    expect(names((await loginBy(byId)).body.token.roles)).toEqual(['member', 'reader'])
  })

  test('those that the user has by now, whatever the token shows', async () => {
    const later = await w.create('roles', 'role', { name: 'later' })
    await w.put(`/v3/projects/${w.project}/users/${w.userId}/roles/${later}`)
    const made = await create({ roles: [{ id: later }] })
    expect(names((await loginBy(made)).body.token.roles)).toEqual(['later'])
    await api.call('DELETE', `/v3/roles/${later}`, { token: w.admin })
    expect((await loginBy(made)).status).toBe(401)
  })

  test('none that are not the user’s, nor more than one has by lent rights', async () => {
    expect(await create({ roles: [{ name: 'admin' }] })).toMatchObject({
      status: 400,
      error: expect.stringContaining('unassigned role'),
    })
    expect((await create({ roles: [{ name: 'nothing' }] })).status).toBe(404)
    expect((await create({ roles: [{}] })).status).toBe(400)
    const narrow = await tokenBy(await create({ roles: [{ name: 'reader' }], unrestricted: true }))
    expect((await create({ roles: [{ name: 'member' }] }, narrow)).status).toBe(400)
    expect(names((await create({}, narrow)).roles)).toEqual(['reader'])
  })

  test('taken from the user are taken from the program', async () => {
    const pilot = await w.create('roles', 'role', { name: 'pilot' })
    const grant = `/v3/projects/${w.project}/users/${w.userId}/roles/${pilot}`
    await w.put(grant)
    const token = await tokenFor({ project: { id: w.project } })
    const [both, one] = [await create({}, token), await create({ roles: [{ id: pilot }] }, token)]
    const before = await tokenBy(both)
    await api.call('DELETE', grant, { token: w.admin })
    own = await tokenFor({ project: { id: w.project } })
    expect(await works(before)).toBe(false)
    expect(names((await loginBy(both)).body.token.roles)).toEqual(['member', 'reader'])
    expect((await loginBy(one)).status).toBe(401)
  })

  test('given to the user afterwards are not the program’s', async () => {
    const made = await create()
    const grant = `/v3/projects/${w.project}/users/${w.userId}/roles/${w.role('manager')}`
    await w.put(grant)
    expect(names((await loginBy(made)).body.token.roles)).toEqual(['member', 'reader'])
    await api.call('DELETE', grant, { token: w.admin })
    own = await tokenFor({ project: { id: w.project } })
  })
})

describe('scope', () => {
  test('is the one of the token: also the system', async () => {
    const made = await create({}, await tokenFor({ system: { all: true } }))
    expect(made).toMatchObject({ project_id: null, system: 'all' })
    const { body } = await loginBy(made)
    expect(body.token).toMatchObject({ system: { all: true } })
    expect(body.token).not.toHaveProperty('project')
  })

  test('there must be one', async () => {
    expect((await create({}, await tokenFor('unscoped'))).status).toBe(403)
    expect((await create({}, await tokenFor({ domain: { id: w.domain } }))).status).toBe(403)
  })

  test('is not to be chosen, neither at login nor by a token of it', async () => {
    const made = await create()
    expect((await loginBy(made, { project: { id: w.project } })).status).toBe(401)
    expect((await loginBy(made, 'unscoped')).status).toBe(401)
    const rescope = (token: string, scope?: unknown) =>
      api.call('POST', '/v3/auth/tokens', {
        body: {
          auth: { identity: { methods: ['token'], token: { id: token } }, ...(scope ? { scope } : {}) },
        },
      })
    const token = await tokenBy(made)
    for (const scope of [{ domain: { id: w.domain } }, { system: { all: true } }, 'unscoped'])
      expect((await rescope(token, scope)).status).toBe(401)
    const { status, headers, body } = await rescope(token)
    expect(status).toBe(201)
    expect(body.token).toMatchObject({
      project: { id: w.project },
      methods: ['token', 'application_credential'],
      application_credential: { id: made.id, restricted: true },
    })
    const again = String(headers['x-subject-token'])
    await api.call('DELETE', `${path()}/${made.id}`, { token: own })
    expect([await works(token), await works(again)]).toEqual([false, false])
  })

  test('is all that a token of it tells of', async () => {
    const token = await tokenBy(await create())
    const { body } = await api.call('GET', '/v3/auth/projects', { token })
    expect(body.projects.map((it: { id: string }) => it.id)).toEqual([w.project])
    expect((await api.call('GET', '/v3/auth/domains', { token })).body.domains).toEqual([])
    expect((await api.call('GET', '/v3/auth/system', { token })).body.system).toEqual([])
    expect((await api.call('GET', '/v3/auth/catalog', { token })).body.catalog.length).toBeGreaterThan(0)
  })

  test('a password of somebody else beside it is refused', async () => {
    const { id, secret } = await create()
    const both = (user: unknown) =>
      api.call('POST', '/v3/auth/tokens', {
        body: {
          auth: {
            identity: {
              methods: ['password', 'application_credential'],
              password: { user },
              application_credential: { id, secret },
            },
          },
        },
      })
    expect((await both(api.named('demo', 'demo-secret'))).status).toBe(401)
    const own = await both(w.user)
    expect(own.status).toBe(201)
    expect(own.body.token).toMatchObject({ project: { id: w.project }, application_credential: { id } })
  })
})

describe('the end', () => {
  test('is kept to the microsecond, and bounds every token', async () => {
    const soon = new Date(Date.now() + 60_000).toISOString().slice(0, 19)
    const made = await create({ expires_at: `${soon}.123456` })
    expect(made.expires_at).toBe(`${soon}.123456`)
    const shown = await api.call('GET', `${path()}/${made.id}`, { token: own })
    expect(shown.body.application_credential.expires_at).toBe(`${soon}.123456`)
    const { body } = await loginBy(made)
    expect(body.token.expires_at).toBe(`${soon}.000000Z`)
    expect((await create({ expires_at: `${soon}Z` })).expires_at).toBe(`${soon}.000000`)
  })

  test.each(['2020-01-01T00:00:00Z', 'bad.123Z', '2999-01-01T00:00:00+02:00', '2999-13-01T00:00:00Z'])(
    '%s is refused',
    async expires_at => {
      expect((await create({ expires_at })).status).toBe(400)
    },
  )

  test('has come: no login', async () => {
    const { id, secret } = await create()
    await api.deps.db.applicationCredential.update({
      where: { id },
      data: { expires_at_us: BigInt(Date.now() * 1_000 - 1) },
    })
    expect((await loginBy({ id, secret })).status).toBe(401)
  })
})

describe('a user who must log in by several methods', () => {
  const rules = (multi_factor_auth_rules: string[][]) =>
    api.call('PATCH', `/v3/users/${w.userId}`, {
      token: w.admin,
      body: { user: { options: { multi_factor_auth_rules } } },
    })

  test('says whether it is enough; and it is no part of another login', async () => {
    const made = await create()
    await rules([['application_credential', 'password']])
    const alone = await loginBy(made)
    expect(alone.status).toBe(401)
    expect(alone.headers).not.toHaveProperty('openstack-auth-receipt')
    const part = await api.login(w.user, { project: { id: w.project } })
    expect(part.status).toBe(401)
    const rest = await api.call('POST', '/v3/auth/tokens', {
      headers: { 'openstack-auth-receipt': String(part.headers['openstack-auth-receipt']) },
      body: {
        auth: {
          identity: {
            methods: ['application_credential'],
            application_credential: { id: made.id, secret: made.secret },
          },
        },
      },
    })
    expect(rest.status).toBe(201)
    expect(rest.body.token).toHaveProperty('application_credential')
    await rules([['application_credential'], ['password', 'totp']])
    expect((await loginBy(made)).status).toBe(201)
    await rules([])
  })
})

describe('a restricted one', () => {
  test('neither makes nor deletes others, and an unrestricted one does', async () => {
    const [restricted, unrestricted] = [await create(), await create({ unrestricted: true })]
    const [weak, strong] = [await tokenBy(restricted), await tokenBy(unrestricted)]
    expect((await create({}, weak)).status).toBe(403)
    expect((await api.call('DELETE', `${path()}/${restricted.id}`, { token: weak })).status).toBe(403)
    expect((await api.call('GET', path(), { token: weak })).status).toBe(200)
    const child = await create({}, strong)
    expect(child.status).toBe(201)
    expect((await api.call('DELETE', `${path()}/${child.id}`, { token: strong })).status).toBe(204)
    const { body } = await loginBy(unrestricted)
    expect(body.token.application_credential.restricted).toBe(false)
  })

  test('nor does any make a secret that would outlive it', async () => {
    const token = await tokenBy(await create({ unrestricted: true }))
    const ec2 = await api.call('POST', `/v3/users/${w.userId}/credentials/OS-EC2`, {
      token,
      body: { tenant_id: w.project },
    })
    expect(ec2.status).toBe(403)
    const credential = { user_id: w.userId, type: 'x', blob: 'x' }
    expect((await api.call('POST', '/v3/credentials', { token, body: { credential } })).status).toBe(403)
  })
})

describe('whose it is', () => {
  test('its user’s, to see and delete; others’ are not to be seen', async () => {
    const { id, name } = await create()
    const demo = await api.demo()
    expect((await api.call('GET', path(), { token: demo })).status).toBe(403)
    for (const method of ['GET', 'DELETE'] as const)
      expect((await api.call(method, `${path()}/${id}`, { token: demo })).status).toBe(403)
    const application_credential = { name: 'x' }
    for (const token of [demo, w.admin])
      expect((await api.call('POST', path(), { token, body: { application_credential } })).status).toBe(403)
    const { body } = await api.call('GET', `${path()}?name=${name}`, { token: own })
    expect(body.application_credentials.map((it: { id: string }) => it.id)).toEqual([id])
    expect((await api.call('GET', `${path(w.noPassword)}/${id}`, { token: w.admin })).status).toBe(404)
    expect((await api.call('DELETE', `${path(w.noPassword)}/${id}`, { token: w.admin })).status).toBe(404)
    expect((await api.call('GET', `${path()}/${id}`, { token: reader })).status).toBe(200)
    expect((await api.call('DELETE', `${path()}/${id}`, { token: reader })).status).toBe(403)
    expect((await api.call('DELETE', `${path()}/${id}`, { token: w.admin })).status).toBe(204)
    expect((await api.call('GET', `${path()}/${id}`, { token: own })).status).toBe(404)
  })

  test('a name is taken once', async () => {
    await create({ name: 'twice' })
    expect((await create({ name: 'twice' })).status).toBe(409)
  })
})

describe('access rules', () => {
  const rule = { service: 'identity', method: 'GET', path: '/v3/auth/projects' }

  test('limit its tokens, here as in every service', async () => {
    const made = await create({ access_rules: [rule] })
    expect(made.access_rules).toEqual([{ id: expect.stringMatching(/^[0-9a-f]{32}$/), ...rule }])
    const { headers, body } = await loginBy(made)
    expect(body.token.application_credential).toEqual({
      id: made.id,
      name: made.name,
      restricted: true,
      access_rules: made.access_rules,
    })
    const token = String(headers['x-subject-token'])
    expect(await works(token)).toBe(true)
    expect((await api.call('GET', '/v3/auth/domains', { token })).status).toBe(401)
    const validated = await api.call('GET', '/v3/auth/tokens', {
      token,
      headers: { 'x-subject-token': token },
    })
    expect(validated.body).toEqual(body)
  })

  test('are the user’s, one for each request, and stay when the credential goes', async () => {
    const rules = (query = '') =>
      api.call('GET', `/v3/users/${w.userId}/access_rules${query}`, { token: own })
    const url = '/v2.1/servers/*/ips'
    const compute = { service: 'compute', method: 'GET', path: url }
    const first = await create({ access_rules: [compute, compute] })
    const [{ id }] = first.access_rules
    const second = await create({ access_rules: [{ id }] })
    expect(second.access_rules).toEqual([{ id, ...compute }])
    const listed = await rules(`?service=compute&method=GET&path=${url}`)
    expect(listed.body.access_rules).toEqual([{ id, ...compute, links: expect.anything() }])
    expect((await rules('?service=nothing')).body.access_rules).toEqual([])
    const one = `/v3/users/${w.userId}/access_rules/${id}`
    expect((await api.call('GET', one, { token: own })).body.access_rule).toMatchObject(compute)
    expect((await api.call('DELETE', one, { token: own })).status).toBe(403)
    for (const it of [first, second]) await api.call('DELETE', `${path()}/${it.id}`, { token: own })
    expect((await api.call('DELETE', one, { token: own })).status).toBe(204)
    expect((await api.call('GET', one, { token: own })).status).toBe(404)
    expect((await api.call('DELETE', one, { token: own })).status).toBe(404)
    expect((await create({ access_rules: [{ id }] })).status).toBe(404)
    expect((await api.call('GET', one, { token: await api.demo() })).status).toBe(403)
  })

  test('too many for a token are refused when they are made', async () => {
    const access_rules = Array.from({ length: 100 }, (_, n) => ({ ...rule, path: `/v3/some/long/path/${n}` }))
    expect(await create({ access_rules })).toMatchObject({
      status: 400,
      error: expect.stringMatching(/The access rules take \d+ bytes, and 4000 fit into a token/),
    })
    const fit = await create({ access_rules: access_rules.slice(0, 80) })
    expect((await loginBy(fit)).status).toBe(201)
  })

  test.each([
    { ...rule, method: 'COPY' },
    { ...rule, path: 'v3' },
    { service: 'identity' },
    { ...rule, extra: 1 },
  ])('%j is malformed', async it => {
    expect((await create({ access_rules: [it] })).status).toBe(400)
  })
})

describe('what ends it', () => {
  test('the project disabled, and for good when it is deleted', async () => {
    const project = await w.create('projects', 'project', { name: 'short-lived' })
    await w.put(`/v3/projects/${project}/users/${w.userId}/roles/${w.role('member')}`)
    const made = await create({}, await tokenFor({ project: { id: project } }))
    const token = await tokenBy(made)
    const able = (enabled: boolean) =>
      api.call('PATCH', `/v3/projects/${project}`, { token: w.admin, body: { project: { enabled } } })
    await able(false)
    expect(await works(token)).toBe(false)
    expect((await loginBy(made)).status).toBe(401)
    await able(true)
    expect((await loginBy(made)).status).toBe(201)
    await api.call('DELETE', `/v3/projects/${project}`, { token: w.admin })
    expect((await loginBy(made)).status).toBe(401)
    expect((await api.call('GET', `${path()}/${made.id}`, { token: own })).status).toBe(404)
  })

  test('the user disabled or deleted', async () => {
    const password = 'p'
    const user = await w.create('users', 'user', { name: 'short-lived', password })
    await w.put(`/v3/projects/${w.project}/users/${user}/roles/${w.role('member')}`)
    const { headers } = await api.login({ id: user, password }, { project: { id: w.project } })
    const { body } = await api.call('POST', path(user), {
      token: String(headers['x-subject-token']),
      body: {
        application_credential: { name: 'x', access_rules: [{ service: 'x', method: 'GET', path: '/' }] },
      },
    })
    const made = body.application_credential
    const token = await tokenBy(made)
    const able = (enabled: boolean) =>
      api.call('PATCH', `/v3/users/${user}`, { token: w.admin, body: { user: { enabled } } })
    await able(false)
    expect(await works(token)).toBe(false)
    expect((await loginBy(made)).status).toBe(401)
    await able(true)
    expect((await loginBy(made)).status).toBe(201)
    expect((await api.call('DELETE', `/v3/users/${user}`, { token: w.admin })).status).toBe(204)
    expect((await loginBy(made)).status).toBe(401)
  })

  test('its deletion, however it races with logins', async () => {
    for (let round = 0; round < 5; round++) {
      const made = await create()
      const tokens: string[] = []
      let racing = true
      const program = async () => {
        while (racing) {
          const { status, headers } = await loginBy(made)
          if (status === 201) tokens.push(String(headers['x-subject-token']))
        }
      }
      const programs = [program(), program(), program()]
      await eventually(() => tokens.length > 0)
      await api.call('DELETE', `${path()}/${made.id}`, { token: own })
      racing = false
      await Promise.all(programs)
      for (const token of tokens) expect(await works(token)).toBe(false)
    }
  })
})
