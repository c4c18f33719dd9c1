import type { Route } from '@caelum/http'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { routesOf } from '../src/app.ts'
import { policy } from '../src/policy.ts'
import { type TestApp, testApp } from './app.ts'
import { type World, world } from './world.ts'

let api: TestApp
let w: World
let member: string
beforeAll(async () => {
  api = await testApp()
  w = await world(api)
  member = await api.demo()
})
afterAll(() => api.close())

/** Any dependencies: only the list is wanted here. */
const nothing: unknown = new Proxy(() => nothing, { get: () => nothing })
const routes: Route[] = routesOf(nothing as never)
const guarded = routes.filter(route => route.access !== 'public')
const urlOf = (route: Route) => route.path.replace(/:[a-z_]+/g, '0123456789abcdef0123456789abcdef')
const key = (route: Route) => `${route.method} ${route.path}`
const call = (route: Route, token?: string) =>
  api.call(route.method as 'GET', urlOf(route), { token, ...(route.body ? { body: {} } : {}) })

test('what is public', () => {
  expect(routes.filter(route => route.access === 'public').map(key)).toEqual([
    'GET /',
    'GET /v3',
    'POST /v3/auth/tokens',
    'POST /v3/users/:id/password',
    'POST /v3/OS-OAUTH1/request_token',
    'POST /v3/OS-OAUTH1/access_token',
    'POST /v3/OS-OAUTH2/token',
    'GET /v3/OS-FEDERATION/identity_providers/:idp_id/protocols/:protocol_id/auth',
    'POST /v3/OS-FEDERATION/identity_providers/:idp_id/protocols/:protocol_id/auth',
    'GET /v3/auth/OS-FEDERATION/identity_providers/:idp_id/protocols/:protocol_id/websso',
    'POST /v3/auth/OS-FEDERATION/identity_providers/:idp_id/protocols/:protocol_id/websso',
    'GET /v3/auth/OS-FEDERATION/websso/:protocol_id',
    'POST /v3/auth/OS-FEDERATION/websso/:protocol_id',
    'GET /v3/auth/OS-FEDERATION/identity_providers/:idp_id/protocols/:protocol_id/websso/callback',
  ])
})

test('every rule has its route', () => {
  const operations = new Set(guarded.map(route => route.operation))
  expect(Object.keys(policy).filter(operation => !operations.has(operation))).toEqual([])
})

test('without a token, or with a bad one, every route answers 401', async () => {
  for (const route of guarded)
    for (const token of [undefined, 'nonsense', `${w.admin}x`]) {
      const { status, headers, body } = await call(route, token)
      expect([key(route), status]).toEqual([key(route), 401])
      expect(headers['www-authenticate']).toBe('Keystone uri="http://identity/v3"')
      if (route.method !== 'HEAD') expect(body.error).toMatchObject({ code: 401, title: 'Unauthorized' })
    }
})

describe('one’s own things and others’', () => {
  test.each<[string, () => string, number]>([
    ['oneself', () => `users/${w.userId}`, 200],
    ['somebody else', () => 'users/0123456789abcdef0123456789abcdef', 403],
    ['one’s groups', () => `users/${w.userId}/groups`, 200],
    ['somebody else’s groups', () => `users/${w.disabledUser}/groups`, 403],
    ['one’s projects', () => `users/${w.userId}/projects`, 200],
    ['somebody else’s projects', () => `users/${w.disabledUser}/projects`, 403],
    ['the project of the token', () => `projects/${w.project}`, 200],
    ['another project', () => `projects/${w.otherProject}`, 403],
    ['a project that is not there', () => 'projects/nowhere', 403],
    ['the tags of the project of the token', () => `projects/${w.project}/tags`, 200],
    ['the domain of the project', () => 'domains/default', 200],
    ['another domain', () => `domains/${w.domain}`, 403],
    ['all users', () => 'users', 403],
    ['all projects', () => 'projects', 403],
    ['all role assignments', () => 'role_assignments', 403],
  ])('%s', async (_, url, status) => {
    const { headers } = await api.login(w.user, { project: { id: w.project } })
    const token = String(headers['x-subject-token'])
    expect((await api.call('GET', `/v3/${url()}`, { token })).status).toBe(status)
  })
})

test('a refusal names the rule', async () => {
  const { body } = await api.call('GET', '/v3/users', { token: member })
  expect(body.error).toEqual({
    code: 403,
    title: 'Forbidden',
    message:
      'Policy does not allow identity:users:list to be performed: it needs role admin, or role reader on the system, or role reader on the domain it belongs to.',
  })
})
