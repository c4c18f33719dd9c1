import type { Route } from '@caelum/http'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { routesOf } from '../src/app.ts'
import { type TestApp, testApp } from './app.ts'
import { type World, world } from './world.ts'

let api: TestApp
let w: World
beforeAll(async () => {
  api = await testApp()
  w = await world(api)
})
afterAll(() => api.close())

const nothing: unknown = new Proxy(() => nothing, { get: () => nothing })
const routes: Route[] = routesOf(nothing as never)

/** Park and Miller's generator: the same garbage every time. */
function garbage(seed: number) {
  let state = seed
  const next = (below: number) => {
    state = (state * 48_271) % 2_147_483_647
    return state % below
  }
  const pick = <T>(from: readonly T[]): T => from[next(from.length)] as T
  return { next, pick }
}

const SCALARS: readonly unknown[] = [
  null,
  true,
  false,
  0,
  -1,
  1e308,
  0.1,
  '',
  ' ',
  'text',
  'a'.repeat(300),
  'a'.repeat(70_000),
  "'; drop table users; --",
  '%00',
  'ü\u202e\u{1f600}',
  '../../etc/passwd',
  '$(project_id)s',
  '%(nothing)s',
  [],
  {},
  [[]],
  { id: 'x' },
  ['a', 'a'],
]
const KEYS = [
  ...[
    'id',
    'name',
    'domain',
    'domain_id',
    'parent_id',
    'enabled',
    'description',
    'password',
    'options',
    'tags',
  ],
  ...[
    'type',
    'url',
    'interface',
    'service_id',
    'region_id',
    'parent_region_id',
    'default_project_id',
    'is_domain',
  ],
  ...[
    'auth',
    'identity',
    'methods',
    'scope',
    'project',
    'user',
    'token',
    'system',
    'original_password',
    'email',
  ],
  ...['links', '__proto__', 'constructor', 'immutable', 'extra', 'created_at'],
]
const WRAPPERS = [
  'domain',
  'project',
  'user',
  'group',
  'role',
  'service',
  'endpoint',
  'region',
  'auth',
  'tags',
]
const QUERIES = [
  ...[
    '?limit=-1',
    '?limit=x',
    '?limit=0',
    '?limit=99999999999999999999',
    '?marker=',
    '?marker=%F0%9F',
    '?name=',
  ],
  ...['?name__contains=%25_', '?enabled=', '?enabled=maybe', '?effective&group.id=x', '?tags=,', '?a[b]=c'],
  ...[
    '?parents_as_list&parents_as_ids',
    '?name=a&name=b',
    '?scope.system',
    '?user.id=%00',
    '?limit=1&limit=2',
  ],
  ...['?nocatalog=', '?subtree_as_ids', '?name=%ff', `?name=${'x'.repeat(5_000)}`, '?%', '?=', '?&&'],
]
const RAW_BODIES = [
  ...[
    '',
    '{',
    'null',
    '[]',
    '"text"',
    '1',
    'true',
    '{"user":',
    '\u0000',
    '{"a":"\\u0000"}',
    '{"a":"\\ud800"}',
  ],
  ...[
    '{"__proto__":{"admin":true}}',
    `${'['.repeat(5_000)}${']'.repeat(5_000)}`,
    '{"user":{"name":"a\\u0000"}}',
  ],
]

test('no garbage makes a 500', async () => {
  const { next, pick } = garbage(20_261_120)
  const value = (depth: number): unknown =>
    depth === 0 || next(3) === 0
      ? pick(SCALARS)
      : Object.fromEntries(Array.from({ length: next(6) }, () => [pick(KEYS), value(depth - 1)]))
  const ids = [
    'default',
    w.project,
    w.domain,
    w.userId,
    w.role('reader'),
    'RegionOne',
    'x',
    '%2e%2e',
    'a'.repeat(400),
    '%00',
    '%f0',
    "'",
  ]
  const failures: string[] = []
  const answered = new Map<number, number>()
  const safe = routes.filter(
    route => !(route.method === 'DELETE' && /\/(users|domains)\/:id$/.test(route.path)),
  )
  for (const route of safe)
    for (let round = 0; round < 14; round++) {
      const url = route.path.replace(/:[a-z_]+/g, () => pick(ids)) + (next(2) ? pick(QUERIES) : '')
      const sendsBody = route.method !== 'GET' && route.method !== 'HEAD' && route.method !== 'DELETE'
      const body =
        next(3) === 0 ? pick(RAW_BODIES) : { [pick(WRAPPERS)]: value(3), ...(next(3) ? {} : { x: 1 }) }
      const headers = next(4) ? {} : { 'x-subject-token': pick(['x', 'a.b.c', 'é', w.admin.slice(1)]) }
      const { status, text } = await api.call(route.method as 'GET', url, {
        token: w.admin,
        headers,
        ...(sendsBody ? { body } : {}),
      })
      answered.set(status, (answered.get(status) ?? 0) + 1)
      if (status >= 500)
        failures.push(`${route.method} ${url} ${JSON.stringify(body).slice(0, 200)}: ${status} ${text}`)
    }
  expect(failures).toEqual([])
  const answers = (status: number) => answered.get(status) ?? 0
  expect(answers(400)).toBeGreaterThan(100)
  expect(answers(200)).toBeGreaterThan(50)
  expect(answers(404)).toBeGreaterThan(100)
  expect(answers(401)).toBeLessThan(30)
}, 120_000)

/** Bodies that are right but for one thing, which is where code after the validation meets surprises. */
test('no value in a good body makes a 500', async () => {
  const good: Record<string, Record<string, unknown>> = {
    domains: { name: 'g', description: 'd', enabled: true, options: {} },
    projects: {
      name: 'g',
      description: 'd',
      enabled: true,
      domain_id: 'default',
      parent_id: 'default',
      tags: [],
      options: {},
      is_domain: false,
    },
    users: {
      name: 'g',
      description: 'd',
      enabled: true,
      domain_id: 'default',
      default_project_id: 'x',
      password: 'p',
      options: {},
      email: 'e',
    },
    groups: { name: 'g', description: 'd', domain_id: 'default' },
    roles: { name: 'g', description: 'd', domain_id: 'default', options: {} },
    regions: { id: 'g', description: 'd', parent_region_id: null },
    services: { name: 'g', type: 't', description: 'd', enabled: true },
    endpoints: {
      service_id: 'x',
      interface: 'public',
      url: 'http://x/',
      region_id: 'RegionOne',
      region: 'RegionOne',
      enabled: true,
    },
  }
  const failures: string[] = []
  for (const [many, fields] of Object.entries(good)) {
    const one = many.slice(0, -1)
    for (const field of Object.keys(fields))
      for (const scalar of SCALARS) {
        const { status, text, body } = await api.call('POST', `/v3/${many}`, {
          token: w.admin,
          body: { [one]: { ...fields, [field]: scalar } },
        })
        if (status >= 500)
          failures.push(`${many}.${field} = ${JSON.stringify(scalar).slice(0, 80)}: ${status} ${text}`)
        const id = encodeURIComponent(body?.[one]?.id ?? '')
        if (status !== 201 || id === '' || id === '.' || id === '..') continue
        await api.call('PATCH', `/v3/${many}/${id}`, {
          token: w.admin,
          body: { [one]: { enabled: false, options: { immutable: false } } },
        })
        await api.call('DELETE', `/v3/${many}/${id}`, { token: w.admin })
      }
  }
  expect(failures).toEqual([])
}, 120_000)

test('a body that is too large is refused', async () => {
  const { status } = await api.call('POST', '/v3/auth/tokens', { body: { auth: { x: 'x'.repeat(300_000) } } })
  expect(status).toBe(413)
})

test('attributes of the client’s own are kept, and cannot pose as ours', async () => {
  const made = await api.call('POST', '/v3/users', {
    token: w.admin,
    body: {
      user: { name: 'extra', colour: 'red', id: 'chosen', links: 'x', created_at: 'x', nested: { a: [1] } },
    },
  })
  expect(made.body.user).toMatchObject({ colour: 'red', nested: { a: [1] } })
  expect(made.body.user.id).not.toBe('chosen')
  expect(made.body.user.links.self).toContain('/v3/users/')
  expect(made.body.user).not.toHaveProperty('created_at')
  const changed = await api.call('PATCH', `/v3/users/${made.body.user.id}`, {
    token: w.admin,
    body: { user: { size: 2 } },
  })
  expect(changed.body.user).toMatchObject({ colour: 'red', size: 2 })
})
