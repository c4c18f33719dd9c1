import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { impliedBy, inferRoles } from '../src/resources/role/infer.ts'
import { type TestApp, testApp } from './app.ts'
import { type World, world } from './world.ts'

let api: TestApp
let w: World
beforeAll(async () => {
  api = await testApp()
  w = await world(api)
})
afterAll(() => api.close())

const call = (method: 'GET' | 'PATCH' | 'DELETE' | 'PUT' | 'HEAD', url: string, body?: unknown) =>
  api.call(method, `/v3/${url}`, { token: w.admin, ...(body ? { body } : {}) })

test('a role is created, shown, renamed and deleted', async () => {
  const id = await w.create('roles', 'role', { name: 'r1', description: 'd' })
  expect((await call('GET', `roles/${id}`)).body.role).toEqual({
    id,
    name: 'r1',
    domain_id: null,
    description: 'd',
    options: {},
    links: { self: expect.stringMatching(new RegExp(`/v3/roles/${id}$`)) },
  })
  expect((await call('PATCH', `roles/${id}`, { role: { name: 'r2' } })).body.role.name).toBe('r2')
  expect((await call('PATCH', `roles/${id}`, { role: { name: 'admin' } })).status).toBe(409)
  expect((await call('DELETE', `roles/${id}`)).status).toBe(204)
  expect((await call('GET', `roles/${id}`)).status).toBe(404)
})

test.each(['admin', 'manager', 'member', 'reader', 'service'])('role %s stays as it is', async name => {
  const url = `roles/${w.role(name)}`
  expect((await call('DELETE', url)).status).toBe(403)
  expect((await call('PATCH', url, { role: { name: 'x' } })).status).toBe(403)
  expect((await call('GET', url)).body.role.options).toEqual({ immutable: true })
})

test('a role of a domain is listed there only, and comes into a token by what it implies', async () => {
  const id = await w.create('roles', 'role', { name: 'local', domain_id: w.domain })
  await w.put(`/v3/roles/${id}/implies/${w.role('manager')}`)
  const global = await call('GET', 'roles')
  expect(global.body.roles.map((role: { name: string }) => role.name)).not.toContain('local')
  const local = await call('GET', `roles?domain_id=${w.domain}`)
  expect(local.body.roles.map((role: { name: string }) => role.name)).toEqual(['local'])
  await w.put(`/v3/domains/${w.domain}/users/${w.userId}/roles/${id}`)
  const { body } = await api.login(w.user, { domain: { id: w.domain } })
  expect(body.token.roles.map((role: { name: string }) => role.name)).toEqual(['manager', 'member', 'reader'])
  const nowhere = { name: 'x', domain_id: 'nowhere' }
  expect((await api.call('POST', '/v3/roles', { token: w.admin, body: { role: nowhere } })).status).toBe(404)
})

test('implications are made, shown and removed, and never in a circle', async () => {
  const [a, b, c] = [
    await w.create('roles', 'role', { name: 'a' }),
    await w.create('roles', 'role', { name: 'b' }),
    await w.create('roles', 'role', { name: 'c' }),
  ]
  const made = await call('PUT', `roles/${a}/implies/${b}`)
  expect(made.status).toBe(201)
  expect(made.body.role_inference).toMatchObject({
    prior_role: { id: a, name: 'a' },
    implies: { id: b, name: 'b' },
  })
  expect((await call('PUT', `roles/${b}/implies/${c}`)).status).toBe(201)
  expect((await call('PUT', `roles/${c}/implies/${a}`)).status).toBe(403)
  expect((await call('PUT', `roles/${a}/implies/${a}`)).status).toBe(403)
  expect((await call('PUT', `roles/${a}/implies/nothing`)).status).toBe(404)
  expect((await call('HEAD', `roles/${a}/implies/${b}`)).status).toBe(204)
  expect((await call('GET', `roles/${a}/implies/${b}`)).body).toEqual(made.body)
  expect((await call('GET', `roles/${a}/implies/${c}`)).status).toBe(404)
  const listed = await call('GET', `roles/${a}/implies`)
  expect(listed.body.role_inference.implies.map((role: { id: string }) => role.id)).toEqual([b])
  const all = await call('GET', 'role_inferences')
  expect(
    all.body.role_inferences.map((it: { prior_role: { name: string } }) => it.prior_role.name).sort(),
  ).toEqual(expect.arrayContaining(['a', 'admin', 'b', 'manager', 'member']))
  expect((await call('DELETE', `roles/${a}/implies/${b}`)).status).toBe(204)
  expect((await call('DELETE', `roles/${a}/implies/${b}`)).status).toBe(404)
})

test('of two implications that would close a circle together, one is made', async () => {
  for (let round = 0; round < 5; round++) {
    const [x, y] = [
      await w.create('roles', 'role', { name: `x${round}` }),
      await w.create('roles', 'role', { name: `y${round}` }),
    ]
    const answers = await Promise.all([
      call('PUT', `roles/${x}/implies/${y}`),
      call('PUT', `roles/${y}/implies/${x}`),
    ])
    expect(answers.map(answer => answer.status).sort()).toEqual([201, 403])
  }
})

describe('inference', () => {
  /** Slow and obvious: adds one implied role at a time until nothing changes. */
  function closure(assigned: string[], implications: [string, string][]): Set<string> {
    const held = new Set(assigned)
    for (;;) {
      const missing = implications.find(([prior, implied]) => held.has(prior) && !held.has(implied))
      if (!missing) return held
      held.add(missing[1])
    }
  }

  test('is the closure of what is assigned, circles included', () => {
    let state = 42
    const next = (below: number) => {
      state = (state * 48_271) % 2_147_483_647
      return state % below
    }
    for (let round = 0; round < 500; round++) {
      const ids = Array.from({ length: 1 + next(8) }, (_, n) => `r${n}`)
      const any = () => ids[next(ids.length)] ?? ''
      const implications = Array.from({ length: next(14) }, (): [string, string] => [any(), any()])
      const assigned = Array.from({ length: next(4) }, any)
      const roles = new Map(ids.map(id => [id, { name: `name-${id}`, domainId: next(4) ? '' : 'd' }]))
      const expected = [...closure(assigned, implications)]
        .filter(id => roles.get(id)?.domainId === '')
        .sort()
      expect(inferRoles(assigned, implications, roles).map(([id]) => id)).toEqual(expected)

      const inferences = ids.map(id => ({
        prior: { id },
        implied: implications.filter(([prior]) => prior === id).map(([, implied]) => ({ id: implied })),
      }))
      const start = any()
      const reached = closure([start], implications)
      reached.delete(start)
      expect(new Set(impliedBy(start, inferences).map(role => role.id))).toEqual(reached)
    }
  })

  test('leaves out roles that are gone', () => {
    expect(inferRoles(['gone'], [['gone', 'also']], new Map())).toEqual([])
  })
})

test('a role of a domain is given in that domain only', async () => {
  const role = await w.create('roles', 'role', { name: 'homely', domain_id: w.domain })
  const inside = await w.create('projects', 'project', { name: 'inside', domain_id: w.domain })
  const give = async (target: string) =>
    (await call('PUT', `${target}/users/${w.userId}/roles/${role}`)).status
  expect(await give(`projects/${inside}`)).toBe(204)
  expect(await give(`domains/${w.domain}`)).toBe(204)
  expect(await give(`projects/${w.project}`)).toBe(403)
  expect(await give('domains/default')).toBe(403)
  expect(await give('system')).toBe(400)
})

test('nothing implies admin, and no global role one of a domain', async () => {
  const local = await w.create('roles', 'role', { name: 'humble', domain_id: w.domain })
  const global = await w.create('roles', 'role', { name: 'humble' })
  const imply = async (prior: string, implied: string) =>
    (await call('PUT', `roles/${prior}/implies/${implied}`)).status
  expect(await imply(global, w.role('admin'))).toBe(403)
  expect(await imply(local, w.role('admin'))).toBe(403)
  expect(await imply(global, local)).toBe(403)
  expect(await imply(local, global)).toBe(201)
})
