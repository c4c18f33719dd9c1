import { eventually } from '@caelum/testkit'
import pg from 'pg'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { ADMIN_PASSWORD, type TestApp, testApp } from './app.ts'
import { type World, world } from './world.ts'

let api: TestApp
let w: World
beforeAll(async () => {
  api = await testApp()
  w = await world(api)
})
afterAll(() => api.close())

const adminProject = { project: { name: 'admin', domain: { name: 'Default' } } }
const names = (roles: { name: string }[]) => roles.map(role => role.name)
const rescope = (token: string, scope?: unknown) =>
  api.call('POST', '/v3/auth/tokens', {
    body: { auth: { identity: { methods: ['token'], token: { id: token } }, ...(scope ? { scope } : {}) } },
  })

test('a password and a project make a token that says all Keystone says', async () => {
  const { status, headers, body } = await api.login(api.named('admin', ADMIN_PASSWORD), adminProject)
  expect(status).toBe(201)
  expect(headers).toMatchObject({ vary: 'X-Auth-Token', 'x-subject-token': expect.stringMatching(/^ey/) })
  expect(body.token).toMatchObject({
    methods: ['password'],
    user: { name: 'admin', domain: { id: 'default', name: 'Default' }, password_expires_at: null },
    project: { name: 'admin', domain: { id: 'default', name: 'Default' } },
    is_domain: false,
    expires_at: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$/),
    issued_at: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$/),
  })
  expect(names(body.token.roles)).toEqual(['admin', 'manager', 'member', 'reader'])
  expect(body.token.audit_ids).toHaveLength(1)
  const swift = body.token.catalog.find((service: { type: string }) => service.type === 'object-store')
  expect(swift.endpoints.map((endpoint: { interface: string }) => endpoint.interface).sort()).toEqual([
    'admin',
    'internal',
    'public',
  ])
  expect(swift.endpoints[0]).toMatchObject({
    url: `http://cloud.example/object-store/v1/AUTH_${body.token.project.id}`,
    region: 'RegionOne',
    region_id: 'RegionOne',
  })
})

test('the token fits into a header with every role', async () => {
  const { headers } = await api.login(api.named('admin', ADMIN_PASSWORD), adminProject)
  expect(String(headers['x-subject-token']).length).toBeLessThan(2_000)
})

test('roles that do not fit into a token are refused, and not issued to be refused later', async () => {
  const project = await w.create('projects', 'project', { name: 'crowded' })
  const user = await w.create('users', 'user', { name: 'crowd', password: 'x' })
  for (let n = 0; n < 120; n++) {
    const role = await w.create('roles', 'role', { name: `a-role-with-a-rather-long-name-${n}` })
    await w.put(`/v3/projects/${project}/users/${user}/roles/${role}`)
  }
  const { status, body } = await api.login({ id: user, password: 'x' }, { project: { id: project } })
  expect(status).toBe(403)
  expect(body.error.message).toContain('The 120 roles held there do not fit into a token')
})

describe('scope', () => {
  test.each<[string, () => unknown, Record<string, unknown>]>([
    ['project by id', () => ({ project: { id: w.project } }), { project: { name: 'w-project' } }],
    [
      'project by name and domain id',
      () => ({ project: { name: 'w-project', domain: { id: 'default' } } }),
      { project: { name: 'w-project' } },
    ],
    [
      'project by name and domain name',
      () => ({ project: { name: 'w-project', domain: { name: 'Default' } } }),
      { project: { name: 'w-project' } },
    ],
    ['domain by id', () => ({ domain: { id: w.domain } }), { domain: { name: 'w-domain' } }],
    ['domain by name', () => ({ domain: { name: 'w-domain' } }), { domain: { name: 'w-domain' } }],
    ['system', () => ({ system: { all: true } }), { system: { all: true } }],
  ])('%s', async (_, scope, expected) => {
    const { status, body } = await api.login(w.user, scope())
    expect(status).toBe(201)
    expect(body.token).toMatchObject(expected)
    expect(names(body.token.roles)).toEqual(['member', 'reader'])
    expect(body.token.catalog.map((service: { type: string }) => service.type)).toContain('compute')
  })

  test('an endpoint that needs a project is left out of the catalogue of a domain', async () => {
    const { body } = await api.login(w.user, { domain: { id: w.domain } })
    const swift = body.token.catalog.find((service: { type: string }) => service.type === 'object-store')
    expect(swift.endpoints).toEqual([])
  })

  test.each<[string, unknown]>([
    ['asked for as a word', 'unscoped'],
    ['asked for as an object', { unscoped: {} }],
    ['not asked for, without a default project', undefined],
  ])('none, %s', async (_, scope) => {
    const { status, body } = await api.login(w.user, scope)
    expect(status).toBe(201)
    for (const absent of ['project', 'domain', 'system', 'roles', 'catalog', 'is_domain'])
      expect(body.token).not.toHaveProperty(absent)
  })

  test('the default project, when there is a right to it', async () => {
    const demo = await api.login(api.named('demo', 'demo-secret'))
    expect(demo.body.token.project.name).toBe('demo')
    await api.call('PATCH', `/v3/users/${w.userId}`, {
      token: w.admin,
      body: { user: { default_project_id: w.otherProject } },
    })
    const without = await api.login(w.user)
    expect(without.status).toBe(201)
    expect(without.body.token).not.toHaveProperty('project')
  })

  test('without the catalogue, if it is not wanted', async () => {
    const { body } = await api.call('POST', '/v3/auth/tokens?nocatalog', {
      body: {
        auth: {
          identity: { methods: ['password'], password: { user: w.user } },
          scope: { project: { id: w.project } },
        },
      },
    })
    expect(body.token).toHaveProperty('roles')
    expect(body.token).not.toHaveProperty('catalog')
  })
})

describe('refused with the same words', () => {
  const refusal = {
    error: {
      code: 401,
      message: 'The request you have made requires authentication.',
      title: 'Unauthorized',
    },
  }
  test.each<[string, () => Promise<{ status: number; body: unknown }>]>([
    ['a wrong password', () => api.login({ ...w.user, password: 'wrong' })],
    ['an unknown user', () => api.login(api.named('nobody', 'wrong'))],
    ['an unknown user id', () => api.login({ id: 'nobody', password: 'wrong' })],
    [
      'an unknown domain',
      () => api.login({ name: 'admin', password: ADMIN_PASSWORD, domain: { name: 'x' } }),
    ],
    ['a user without a password', () => api.login({ id: w.noPassword, password: 'x' })],
    ['a disabled user', () => api.login({ id: w.disabledUser, password: 'w-secret' })],
    ['an endless password', () => api.login({ ...w.user, password: 'x'.repeat(5_000) })],
    ['an unknown project', () => api.login(w.user, { project: { id: 'nowhere' } })],
    [
      'an unknown project by name',
      () => api.login(w.user, { project: { name: 'nowhere', domain: { id: 'default' } } }),
    ],
    ['a project without a role', () => api.login(w.user, { project: { id: w.otherProject } })],
    ['a disabled project', () => api.login(w.user, { project: { id: w.disabledProject } })],
    ['a domain as a project', () => api.login(w.user, { project: { id: w.domain } })],
    ['a project as a domain', () => api.login(w.user, { domain: { id: w.project } })],
    ['a domain without a role', () => api.login(w.user, { domain: { id: 'default' } })],
    [
      'the system without a role',
      () => api.login(api.named('demo', 'demo-secret'), { system: { all: true } }),
    ],
  ])('%s', async (_, ask) => {
    const { status, body } = await ask()
    expect(status).toBe(401)
    expect(body).toEqual(refusal)
  })

  test('but for a token that is none, or not any more: that is 404, as in Keystone', async () => {
    const { headers } = await api.login(w.user, 'unscoped')
    const token = String(headers['x-subject-token'])
    await api.call('DELETE', '/v3/auth/tokens', { token, headers: { 'x-subject-token': token } })
    for (const gone of ['nonsense', token]) expect((await rescope(gone)).status).toBe(404)
  })

  test('a method that is not supported', async () => {
    const { status } = await api.call('POST', '/v3/auth/tokens', {
      body: { auth: { identity: { methods: ['kerberos'], kerberos: {} } } },
    })
    expect(status).toBe(401)
  })
})

describe('a token from a token', () => {
  test('keeps the end, remembers the way and the first token', async () => {
    const first = await api.login(w.user, 'unscoped')
    const token = String(first.headers['x-subject-token'])
    const second = await rescope(token, { project: { id: w.project } })
    expect(second.status).toBe(201)
    expect(second.body.token).toMatchObject({
      methods: ['token', 'password'],
      project: { id: w.project },
      expires_at: first.body.token.expires_at,
    })
    expect(second.body.token.audit_ids[1]).toBe(first.body.token.audit_ids[0])
    const third = await rescope(String(second.headers['x-subject-token']), { domain: { id: w.domain } })
    expect(third.body.token.audit_ids[1]).toBe(first.body.token.audit_ids[0])
    expect(third.body.token.methods).toEqual(['token', 'password'])
  })

  test('of the system stays there', async () => {
    const { headers } = await api.login(w.user, { system: { all: true } })
    const token = String(headers['x-subject-token'])
    expect((await rescope(token, { project: { id: w.project } })).status).toBe(403)
    expect((await rescope(token, { domain: { id: w.domain } })).status).toBe(403)
    expect((await rescope(token, { system: { all: true } })).status).toBe(201)
  })

  test('together with a password, both of the same user', async () => {
    const own = await api.tokenOf('demo', 'demo-secret', 'demo')
    const both = (token: string, user: unknown) =>
      api.call('POST', '/v3/auth/tokens', {
        body: {
          auth: { identity: { methods: ['password', 'token'], password: { user }, token: { id: token } } },
        },
      })
    expect((await both(own, api.named('demo', 'demo-secret'))).status).toBe(201)
    expect((await both(own, w.user)).status).toBe(401)
  })
})

describe('validation', () => {
  test('shows a service any token, as it was issued', async () => {
    const service = await api.tokenOf('compute', 'compute-secret', 'service')
    const issued = await api.login(w.user, { project: { id: w.project } })
    const subject = String(issued.headers['x-subject-token'])
    const shown = await api.call('GET', '/v3/auth/tokens', {
      token: service,
      headers: { 'x-subject-token': subject },
    })
    expect(shown.status).toBe(200)
    expect(shown.headers['x-subject-token']).toBe(subject)
    expect(shown.body).toEqual(issued.body)
    const bare = await api.call('GET', '/v3/auth/tokens?nocatalog', {
      token: service,
      headers: { 'x-subject-token': subject },
    })
    expect(bare.body.token).not.toHaveProperty('catalog')
    const head = await api.call('HEAD', '/v3/auth/tokens', {
      token: service,
      headers: { 'x-subject-token': subject },
    })
    expect([head.status, head.text]).toEqual([200, ''])
  })

  test('shows everybody their own token and nobody else’s', async () => {
    const [own, others] = [await api.demo(), await api.admin()]
    const ask = (subject: string) =>
      api.call('GET', '/v3/auth/tokens', { token: own, headers: { 'x-subject-token': subject } })
    expect((await ask(own)).status).toBe(200)
    expect((await ask(others)).status).toBe(403)
  })

  test.each([
    ['a token that is none', { 'x-subject-token': 'nonsense' }],
    ['no token', {}],
  ])('of %s is 404', async (_, headers) => {
    const answer = await api.call('GET', '/v3/auth/tokens', { token: w.admin, headers })
    expect(answer.status).toBe(404)
  })
})

test('the version documents are Keystone’s', async () => {
  const root = await api.call('GET', '/')
  expect(root.status).toBe(300)
  expect(root.body.versions.values[0]).toMatchObject({
    id: 'v3.14',
    status: 'stable',
    links: [{ rel: 'self', href: expect.stringMatching(/\/v3\/$/) }],
    'media-types': [{ base: 'application/json', type: 'application/vnd.openstack.identity-v3+json' }],
  })
  const v3 = await api.call('GET', '/v3')
  expect(v3.status).toBe(200)
  expect(v3.body.version.id).toBe('v3.14')
  expect((await api.call('GET', '/v3/')).status).toBe(200)
})

test('what a token may be scoped to is told to its holder', async () => {
  const { headers } = await api.login(w.user, 'unscoped')
  const token = String(headers['x-subject-token'])
  const projects = await api.call('GET', '/v3/auth/projects', { token })
  expect(projects.body.projects.map((project: { id: string }) => project.id)).toEqual([w.project])
  const domains = await api.call('GET', '/v3/auth/domains', { token })
  expect(domains.body.domains.map((domain: { id: string }) => domain.id)).toEqual([w.domain])
  expect((await api.call('GET', '/v3/auth/system', { token })).body.system).toEqual([{ all: true }])
  expect((await api.call('GET', '/v3/auth/catalog', { token })).status).toBe(403)
  const scoped = await api.login(w.user, { project: { id: w.project } })
  const catalog = await api.call('GET', '/v3/auth/catalog', {
    token: String(scoped.headers['x-subject-token']),
  })
  expect(catalog.body.catalog).toEqual(scoped.body.token.catalog)
})

test('when every database connection is cut, logins answer 503 at worst, and go on', async () => {
  const admin = new pg.Client({ connectionString: api.database.adminUrl })
  await admin.connect()
  onTestFinished(() => admin.end())
  const seen = new Set<number>()
  let cutting = true
  const logins = Array.from({ length: 4 }, async () => {
    while (cutting) seen.add((await api.login(w.user, { project: { id: w.project } })).status)
  })
  for (let round = 0; round < 10; round++) {
    await admin.query(
      `select pg_terminate_backend(pid) from pg_stat_activity
       where datname = current_database() and pid <> pg_backend_pid()`,
    )
    await api.login(w.user, { project: { id: w.project } })
  }
  cutting = false
  await Promise.all(logins)
  expect([...seen].filter(status => status !== 201 && status !== 503)).toEqual([])
  await eventually(async () => (await api.login(w.user, { project: { id: w.project } })).status === 201)
})
