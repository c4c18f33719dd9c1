import { firstIdAt } from '@caelum/kernel'
import { eventually } from '@caelum/testkit'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { STANDARD_LIMITS, type TestApp, testApp } from './app.ts'
import { type Personas, personas } from './personas.ts'

let api: TestApp
let w: Personas
beforeAll(async () => {
  api = await testApp({ guardLimits: { ...STANDARD_LIMITS, perAccount: 1_000 } })
  w = await personas(api)
})
afterAll(() => api.close())

const read = async (query: string, token = w.admin) => api.call('GET', `/v3/x/audit?${query}`, { token })
const of = async (requestId: unknown, token?: string) =>
  (await read(`request_id=${requestId}`, token)).body.audit
const create = (many: string, one: string, fields: Record<string, unknown>, token = w.admin) =>
  api.call('POST', `/v3/${many}`, { token, body: { [one]: fields } })

test('a change is told of: who, what, to what, from where, by which request', async () => {
  const domain_id = w.home.domain
  const made = await create('users', 'user', { name: 'told', password: 'the-secret-word', domain_id })
  const { id } = made.body.user
  const [row] = await of(made.headers['x-openstack-request-id'])
  expect(row).toEqual({
    id: expect.any(String),
    at: expect.stringMatching(/^\d{4}-.*Z$/),
    last_at: row.at,
    times: 1,
    operation: 'identity:users:create',
    outcome: 'done',
    reason: null,
    actor: {
      id: expect.any(String),
      name: 'admin',
      domain_id: 'default',
      scope: expect.stringMatching(/^project:/),
    },
    target: `users/${id}`,
    domain_ids: [domain_id],
    address: '127.0.0.1',
    request_id: made.headers['x-openstack-request-id'],
  })
  const gone = await api.call('DELETE', `/v3/users/${id}`, { token: w.admin })
  const [removed] = await of(gone.headers['x-openstack-request-id'])
  expect(removed).toMatchObject({
    operation: 'identity:users:delete',
    target: `users/${id}`,
    domain_ids: [domain_id],
  })
})

test('what did not happen is not told of', async () => {
  const taken = { name: 'p-user' }
  const answers = [
    await create('users', 'user', taken),
    await create('users', 'user', { name: '' }),
    await create('users', 'user', { name: 'x' }, w.token('nobody')),
    await api.call('DELETE', '/v3/users/nobody', { token: w.admin }),
    await api.call('PATCH', '/v3/projects/nowhere', { token: w.admin, body: { project: { name: 'x' } } }),
  ]
  expect(answers.map(answer => answer.status)).toEqual([409, 400, 403, 404, 404])
  for (const { headers } of answers) expect(await of(headers['x-openstack-request-id'])).toEqual([])
  const again = `/v3/projects/${w.home.project}/users/${w.home.user}/roles/${w.role('reader')}`
  const first = await api.call('PUT', again, { token: w.admin })
  const second = await api.call('PUT', again, { token: w.admin })
  expect(await of(first.headers['x-openstack-request-id'])).toHaveLength(1)
  expect(await of(second.headers['x-openstack-request-id'])).toEqual([])
})

test('a grant across domains is told of in both; revoking a token, and one’s own new password, too', async () => {
  const url = `/v3/projects/${w.abroad.project}/users/${w.home.user}/roles/${w.role('reader')}`
  const grant = await api.call('PUT', url, { token: w.admin })
  const [row] = await of(grant.headers['x-openstack-request-id'])
  expect(row.domain_ids.sort()).toEqual([w.home.domain, w.abroad.domain].sort())
  const { headers } = await api.login({ id: w.home.user, password: 'secret' })
  const token = String(headers['x-subject-token'])
  const revoked = await api.call('DELETE', '/v3/auth/tokens', {
    token,
    headers: { 'x-subject-token': token },
  })
  expect(await of(revoked.headers['x-openstack-request-id'])).toMatchObject([
    { operation: 'identity:tokens:revoke', actor: { id: w.home.user }, target: 'auth/tokens' },
  ])
  const changed = await api.call('POST', `/v3/users/${w.home.user}/password`, {
    body: { user: { original_password: 'secret', password: 'secret-2' } },
  })
  expect(await of(changed.headers['x-openstack-request-id'])).toMatchObject([
    { operation: 'identity:users:change_password', actor: null, target: `users/${w.home.user}/password` },
  ])
})

describe('refused logins', () => {
  const refused = async (user: Record<string, unknown>, scope?: unknown) => {
    const { status, headers } = await api.login(user, scope)
    expect(status).toBe(401)
    return (await of(headers['x-openstack-request-id']))[0]
  }

  test('are told of with their reason, and never with a name that may be a password', async () => {
    const wrong = await refused({ id: w.abroad.user, password: 'wrong-and-secret' })
    expect(wrong).toMatchObject({
      operation: 'identity:tokens:issue',
      outcome: 'refused',
      reason: 'wrong-secret',
      actor: null,
      target: `users/${w.abroad.user}`,
      domain_ids: [w.abroad.domain],
      address: '127.0.0.1',
      times: 1,
    })
    const nobody = await refused({ name: 'typed-password', domain: { id: 'default' }, password: 'x' })
    expect(nobody).toMatchObject({ reason: 'wrong-secret', target: '', domain_ids: [] })
    expect(await refused({ id: w.disabledUser, password: 'p-secret' })).toMatchObject({
      reason: 'account-disabled',
    })
    const elsewhere = { project: { id: w.otherProject } }
    expect(await refused({ id: w.abroad.user, password: 'secret' }, elsewhere)).toMatchObject({
      reason: 'no-right-to-scope',
    })
    const all = JSON.stringify(await api.deps.db.audit.findMany())
    for (const secret of ['wrong-and-secret', 'typed-password', 'the-secret-word', 'secret-2'])
      expect(all).not.toContain(secret)
  })

  test('equal ones of a minute are one row, and many kinds of them end in one', async () => {
    const user = await w.create('users', 'user', { name: 'flooded', password: 'right' })
    await eventually(() => Date.now() % 60_000 < 45_000, { within: 20_000 })
    for (let n = 0; n < 5; n++) expect((await api.login({ id: user, password: 'wrong' })).status).toBe(401)
    const rows = (await read(`target=users/${user}&outcome=refused`)).body.audit
    expect(rows).toMatchObject([{ times: 5 }])
    const before = await api.deps.db.audit.count()
    const flood = Array.from({ length: 320 }, (_, n) =>
      api.login({ name: `flood-${n}`, domain: { id: 'default' }, password: 'x' }),
    )
    await Promise.all(flood)
    expect(await api.deps.db.audit.count()).toBeLessThanOrEqual(before + 301)
    const [rest] = await api.deps.db.audit.findMany({ where: { reason: 'many' } })
    expect(rest).toMatchObject({ address: null, target: '' })
    expect(rest?.times).toBeGreaterThanOrEqual(20)
  })
})

describe('who reads it', () => {
  test('administrators and the system’s readers all; a domain’s managers their domain; nobody else', async () => {
    const made = await create('groups', 'group', { name: 'seen', domain_id: w.home.domain })
    const hidden = await create('groups', 'group', { name: 'hidden', domain_id: w.abroad.domain })
    const seen = async (token: string) => {
      const { status, body } = await read('operation=identity:groups:create&limit=2', token)
      return status === 200 ? body.audit.map((row: { target: string }) => row.target) : status
    }
    const [at, other] = [made, hidden].map(({ body }) => `groups/${body.group.id}`)
    for (const persona of ['system admin', 'project admin', 'system reader'] as const)
      expect([persona, await seen(w.token(persona))]).toEqual([persona, [other, at]])
    for (const persona of ['domain admin', 'domain manager'] as const)
      expect((await seen(w.token(persona)))[0]).toBe(at)
    for (const persona of ['domain member', 'domain reader', 'project manager', 'service', 'nobody'] as const)
      expect([persona, await seen(w.token(persona))]).toEqual([persona, 403])
    const manager = w.token('domain manager')
    const { body } = await read('limit=1000', manager)
    expect(body.audit.length).toBeGreaterThan(3)
    for (const row of body.audit) {
      expect(row.domain_ids).toEqual([w.home.domain])
      if (row.actor?.name === null) expect(row.address).toBeNull()
      expect(row.actor?.name).not.toBe('admin')
    }
    expect((await read(`domain_id=${w.abroad.domain}`, manager)).body.audit).not.toContainEqual(
      expect.objectContaining({ target: other }),
    )
  })

  test('by filters, and page by page', async () => {
    const first = (await read('limit=1')).body
    expect(first.audit).toHaveLength(1)
    expect(first.links.next).toContain(`marker=${first.audit[0].id}`)
    const all = (await read('limit=10000')).body.audit.map((row: { id: string }) => row.id)
    const paged: string[] = []
    for (let query = 'limit=7'; query; ) {
      const { body } = await read(query)
      paged.push(...body.audit.map((row: { id: string }) => row.id))
      query = body.links.next ? new URL(body.links.next).search.slice(1) : ''
    }
    expect(paged).toEqual(all)
    expect([...all].sort().reverse()).toEqual(all)
    const middle = new Date(Date.now() - 60_000).toISOString()
    expect((await read(`until=${middle}&limit=10000`)).body.audit.length).toBeLessThan(all.length)
    expect((await read(`since=${new Date(Date.now() + 1_000).toISOString()}`)).body.audit).toEqual([])
    expect((await read('outcome=refused&operation=identity:users:create')).body.audit).toEqual([])
    expect((await read('target=users/%25')).body.audit).toEqual([])
    for (const bad of ['since=soon', 'outcome=x', 'limit=-1']) expect((await read(bad)).status).toBe(400)
  })
})

test('what is old is forgotten', async () => {
  const day = 86_400_000
  expect([firstIdAt(2), firstIdAt(1), firstIdAt(256)].sort()).toEqual([1, 2, 256].map(firstIdAt))
  const rows = await api.deps.db.audit.findMany({ take: 3 })
  const [old, young] = [
    `${firstIdAt(Date.now() - 91 * day)}-7000-8000-000000000000`,
    `${firstIdAt(Date.now() - 89 * day)}-7000-8000-000000000000`,
  ]
  for (const [index, id] of [old, young].entries())
    await api.deps.db.audit.update({ where: { id: rows[index]?.id ?? '' }, data: { id } })
  await api.deps.prune()
  const left = await api.deps.db.audit.findMany({ where: { id: { in: [old, young] } } })
  expect(left.map(row => row.id)).toEqual([young])
})
