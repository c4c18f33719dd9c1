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

const call = (
  method: 'GET' | 'PATCH' | 'DELETE' | 'PUT' | 'HEAD',
  url: string,
  fields?: Record<string, unknown>,
) => api.call(method, `/v3/groups/${url}`, { token: w.admin, ...(fields ? { body: { group: fields } } : {}) })

test('a group is created, shown, changed and deleted', async () => {
  const id = await w.create('groups', 'group', { name: 'g1' })
  const shown = await call('GET', id)
  expect(shown.body.group).toEqual({
    id,
    name: 'g1',
    domain_id: 'default',
    description: '',
    links: { self: expect.stringMatching(new RegExp(`/v3/groups/${id}$`)) },
  })
  const changed = await call('PATCH', id, { name: 'g2', description: 'd' })
  expect(changed.body.group).toEqual({ ...shown.body.group, name: 'g2', description: 'd' })
  expect((await call('PATCH', id, { domain_id: w.domain })).status).toBe(400)
  expect((await call('DELETE', id)).status).toBe(204)
  expect((await call('DELETE', id)).status).toBe(404)
  expect((await call('GET', id)).status).toBe(404)
  expect((await call('PATCH', id, { name: 'x' })).status).toBe(404)
})

test('users come and go', async () => {
  const id = await w.create('groups', 'group', { name: 'members' })
  expect((await call('PUT', `${id}/users/${w.userId}`)).status).toBe(204)
  expect((await call('PUT', `${id}/users/${w.userId}`)).status).toBe(204)
  expect((await call('HEAD', `${id}/users/${w.userId}`)).status).toBe(204)
  expect((await call('GET', `${id}/users/${w.noPassword}`)).status).toBe(404)
  expect((await call('PUT', `${id}/users/nobody`)).status).toBe(404)
  expect((await call('PUT', `nowhere/users/${w.userId}`)).status).toBe(404)
  const { body } = await call('GET', `${id}/users`)
  expect(body.users.map((user: { name: string }) => user.name)).toEqual(['w-user'])
  expect((await call('GET', 'nowhere/users')).status).toBe(404)
  expect((await call('DELETE', `${id}/users/${w.userId}`)).status).toBe(204)
  expect((await call('DELETE', `${id}/users/${w.userId}`)).status).toBe(404)
})

test('a name is taken once per domain, and lists are filtered by it', async () => {
  await w.create('groups', 'group', { name: 'same' })
  const there = await w.create('groups', 'group', { name: 'same', domain_id: w.domain })
  const again = await api.call('POST', '/v3/groups', { token: w.admin, body: { group: { name: 'same' } } })
  expect(again.status).toBe(409)
  const { body } = await api.call('GET', `/v3/groups?domain_id=${w.domain}`, { token: w.admin })
  expect(body.groups.map((group: { id: string }) => group.id)).toEqual([there])
})
