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
  api.call(method, `/v3/users/${id}`, { token: w.admin, ...(fields ? { body: { user: fields } } : {}) })

test('a user is created, logs in, is changed and deleted; no answer holds the password', async () => {
  const made = await api.call('POST', '/v3/users', {
    token: w.admin,
    body: { user: { name: 'u1', password: 'first', email: 'u@example.org', default_project_id: w.project } },
  })
  expect(made.status).toBe(201)
  const { id } = made.body.user
  expect(made.body.user).toEqual({
    id,
    name: 'u1',
    domain_id: 'default',
    enabled: true,
    email: 'u@example.org',
    default_project_id: w.project,
    password_expires_at: null,
    options: {},
    links: { self: expect.stringMatching(new RegExp(`/v3/users/${id}$`)) },
  })
  expect((await api.login({ id, password: 'first' })).status).toBe(201)
  const changed = await call('PATCH', id, { password: 'second', description: 'd', enabled: true })
  expect(changed.body.user.description).toBe('d')
  expect(changed.text).not.toContain('second')
  expect((await api.login({ id, password: 'first' })).status).toBe(401)
  expect((await api.login({ id, password: 'second' })).status).toBe(201)
  expect((await call('PATCH', id, { password: null })).status).toBe(200)
  expect((await api.login({ id, password: 'second' })).status).toBe(401)
  expect((await call('PATCH', id, { default_project_id: null })).body.user).not.toHaveProperty(
    'default_project_id',
  )
  expect((await call('DELETE', id)).status).toBe(204)
  expect((await call('GET', id)).status).toBe(404)
})

test('a password is changed by whoever knows the old one, token or not', async () => {
  const id = await w.create('users', 'user', { name: 'own', password: 'old' })
  const login = async (password: string) => {
    const { headers } = await api.login({ id, password })
    return headers['x-subject-token'] as string | undefined
  }
  const change = (token: string | undefined, original_password: string, password: unknown) =>
    api.call('POST', `/v3/users/${id}/password`, { token, body: { user: { original_password, password } } })
  const token = await login('old')
  expect((await change(token, 'wrong', 'new')).status).toBe(401)
  expect((await change(token, 'old', '')).status).toBe(400)
  expect((await change(token, 'old', 'new')).status).toBe(204)
  expect(await login('old')).toBeUndefined()
  expect((await api.call('GET', '/v3/auth/projects', { token })).status).toBe(401)
  expect(await login('new')).toBeTypeOf('string')
  expect((await change(undefined, 'old', 'newer')).status).toBe(401)
  expect((await change(undefined, 'new', 'newer')).status).toBe(204)
  await call('PATCH', id, { enabled: false })
  expect((await change(undefined, 'newer', 'newest')).status).toBe(401)
  const nobody = await api.call('POST', '/v3/users/nobody/password', {
    body: { user: { original_password: 'x', password: 'y' } },
  })
  expect(nobody.status).toBe(401)
})

test('of two who change a password at once with the same old one, one does', async () => {
  const id = await w.create('users', 'user', { name: 'raced', password: 'old' })
  const { headers } = await api.login({ id, password: 'old' })
  const token = String(headers['x-subject-token'])
  const answers = await Promise.all(
    ['a', 'b', 'c', 'd'].map(password =>
      api.call('POST', `/v3/users/${id}/password`, {
        token,
        body: { user: { original_password: 'old', password } },
      }),
    ),
  )
  expect(answers.map(answer => answer.status).sort()).toEqual([204, 401, 401, 401])
})

test('a name is taken once per domain, and nobody moves between domains', async () => {
  const again = await api.call('POST', '/v3/users', { token: w.admin, body: { user: { name: 'w-user' } } })
  expect(again.status).toBe(409)
  const there = await w.create('users', 'user', { name: 'w-user', domain_id: w.domain })
  expect((await call('PATCH', there, { domain_id: 'default' })).status).toBe(400)
  expect((await call('PATCH', w.noPassword, { name: 'w-user' })).status).toBe(409)
  const nowhere = { name: 'x', domain_id: 'nowhere' }
  expect((await api.call('POST', '/v3/users', { token: w.admin, body: { user: nowhere } })).status).toBe(404)
  const inProject = { name: 'x', password: 'x', options: { lock_password: true, unknown: 1 } }
  expect((await api.call('POST', '/v3/users', { token: w.admin, body: { user: inProject } })).status).toBe(
    400,
  )
})

test('lists are filtered, and never mix domains', async () => {
  const there = await w.create('users', 'user', { name: 'lonely', domain_id: w.domain, enabled: false })
  const found = async (query: string) => {
    const { body } = await api.call('GET', `/v3/users?${query}`, { token: w.admin })
    return body.users.map((user: { id: string }) => user.id)
  }
  expect(await found(`domain_id=${w.domain}&name=lonely`)).toEqual([there])
  expect(await found('domain_id=default')).not.toContain(there)
  expect(await found(`domain_id=${w.domain}&enabled=false`)).toEqual([there])
  expect(await found('name=nobody')).toEqual([])
})

test('a user’s groups and projects are listed, those by group and from above too', async () => {
  const group = await w.create('groups', 'group', { name: 'listed' })
  await w.put(`/v3/groups/${group}/users/${w.userId}`)
  const parent = await w.create('projects', 'project', { name: 'parent' })
  const child = await w.create('projects', 'project', { name: 'child', parent_id: parent })
  await w.put(
    `/v3/OS-INHERIT/projects/${parent}/groups/${group}/roles/${w.role('reader')}/inherited_to_projects`,
  )
  await w.put(`/v3/projects/${w.otherProject}/groups/${group}/roles/${w.role('reader')}`)
  const groups = await api.call('GET', `/v3/users/${w.userId}/groups`, { token: w.admin })
  expect(groups.body.groups.map((it: { id: string }) => it.id)).toEqual([group])
  const projects = await api.call('GET', `/v3/users/${w.userId}/projects`, { token: w.admin })
  expect(projects.body.projects.map((it: { id: string }) => it.id).sort()).toEqual(
    [w.project, w.otherProject, w.disabledProject, child].sort(),
  )
})
