import { afterAll, beforeAll, expect, test } from 'vitest'
import { type TestApp, testApp } from './app.ts'
import { type World, world } from './world.ts'

let api: TestApp
let w: World
beforeAll(async () => {
  api = await testApp()
  w = await world(api)
})
afterAll(() => api.close())

const call = (method: 'GET' | 'PATCH' | 'DELETE', id: string, fields?: Record<string, unknown>) =>
  api.call(method, `/v3/domains/${id}`, { token: w.admin, ...(fields ? { body: { domain: fields } } : {}) })

test('a domain is created, renamed, disabled, and deleted with all that is in it', async () => {
  const made = await api.call('POST', '/v3/domains', {
    token: w.admin,
    body: { domain: { name: 'd1', description: 'first' } },
  })
  expect(made.status).toBe(201)
  const { id } = made.body.domain
  expect(made.body.domain).toEqual({
    id,
    name: 'd1',
    description: 'first',
    enabled: true,
    tags: [],
    options: {},
    links: { self: expect.stringMatching(new RegExp(`/v3/domains/${id}$`)) },
  })
  const inside = { domain_id: id }
  const project = await w.create('projects', 'project', { name: 'p', ...inside })
  await w.create('projects', 'project', { name: 'q', parent_id: project })
  const user = await w.create('users', 'user', { name: 'u', password: 'x', ...inside })
  const group = await w.create('groups', 'group', { name: 'g', ...inside })
  const role = await w.create('roles', 'role', { name: 'r', ...inside })
  await w.put(`/v3/groups/${group}/users/${user}`)
  await w.put(`/v3/projects/${project}/users/${user}/roles/${w.role('member')}`)
  await w.put(`/v3/domains/${id}/groups/${group}/roles/${role}`)
  const login = await api.login({ id: user, password: 'x' }, { project: { id: project } })
  const token = String(login.headers['x-subject-token'])

  expect((await call('PATCH', id, { name: 'd2' })).body.domain.name).toBe('d2')
  expect((await call('DELETE', id)).status).toBe(403)
  expect((await call('PATCH', id, { enabled: false })).status).toBe(200)
  expect((await api.call('GET', '/v3/auth/projects', { token })).status).toBe(401)
  expect((await api.login({ id: user, password: 'x' }, { project: { id: project } })).status).toBe(401)
  expect((await call('DELETE', id)).status).toBe(204)
  for (const gone of [
    `domains/${id}`,
    `projects/${project}`,
    `users/${user}`,
    `groups/${group}`,
    `roles/${role}`,
  ])
    expect((await api.call('GET', `/v3/${gone}`, { token: w.admin })).status).toBe(404)
})

test('names of domains are taken once', async () => {
  await w.create('domains', 'domain', { name: 'once' })
  const again = await api.call('POST', '/v3/domains', { token: w.admin, body: { domain: { name: 'once' } } })
  expect(again.status).toBe(409)
  expect((await call('PATCH', w.domain, { name: 'Default' })).status).toBe(409)
})

test('the default domain is neither disabled nor deleted', async () => {
  expect((await call('PATCH', 'default', { enabled: false })).status).toBe(403)
  expect((await call('DELETE', 'default')).status).toBe(403)
  expect((await call('GET', 'default')).body.domain.enabled).toBe(true)
})

test('a project is no domain; one that acts as a domain is one', async () => {
  expect((await call('GET', w.project)).status).toBe(404)
  expect((await call('PATCH', w.project, { name: 'x' })).status).toBe(404)
  expect((await call('DELETE', w.project)).status).toBe(404)

  const project = (method: 'PATCH' | 'DELETE' | 'GET', id: string, fields?: Record<string, unknown>) =>
    api.call(method, `/v3/projects/${id}`, {
      token: w.admin,
      ...(fields ? { body: { project: fields } } : {}),
    })
  const acting = await w.create('projects', 'project', { name: 'acting', is_domain: true, domain_id: null })
  expect((await project('GET', acting)).body.project).toMatchObject({
    is_domain: true,
    domain_id: null,
    parent_id: null,
  })
  expect((await call('GET', acting)).body.domain.name).toBe('acting')
  const user = await w.create('users', 'user', { name: 'inside', password: 'x', domain_id: acting })
  const { headers } = await api.login({ id: user, password: 'x' })
  const token = String(headers['x-subject-token'])
  expect((await project('DELETE', acting)).status).toBe(403)
  expect((await project('PATCH', acting, { is_domain: false })).status).toBe(400)
  expect((await project('PATCH', acting, { enabled: false, tags: ['t'] })).status).toBe(200)
  expect((await call('GET', acting)).body.domain).toMatchObject({ enabled: false, tags: ['t'] })
  expect((await api.call('GET', '/v3/auth/projects', { token })).status).toBe(401)
  expect((await project('DELETE', acting)).status).toBe(204)
  expect((await call('GET', acting)).status).toBe(404)
  const inDomain = { name: 'x', is_domain: true, domain_id: 'default' }
  const refused = await api.call('POST', '/v3/projects', { token: w.admin, body: { project: inDomain } })
  expect(refused.status).toBe(400)
})

test('lists are filtered', async () => {
  const id = await w.create('domains', 'domain', { name: 'listed', enabled: false })
  const { body } = await api.call('GET', '/v3/domains?enabled=0', { token: w.admin })
  expect(body.domains.map((domain: { id: string }) => domain.id)).toEqual([id])
  const named = await api.call('GET', '/v3/domains?name=Default', { token: w.admin })
  expect(named.body.domains).toHaveLength(1)
})

test('a domain may be made with an id that is known elsewhere', async () => {
  const make = (explicit_domain_id: string, name: string) =>
    api.call('POST', '/v3/domains', { token: w.admin, body: { domain: { name, explicit_domain_id } } })
  const id = '0123456789abcdef0123456789abcdef'
  const made = await make(id, 'explicit')
  expect(made.body.domain.id).toBe(id)
  expect(made.body.domain).not.toHaveProperty('explicit_domain_id')
  expect((await make(id, 'again')).status).toBe(409)
  expect((await make('default', 'x')).status).toBe(400)
})
