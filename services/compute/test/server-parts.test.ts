import { newId } from '@caelum/kernel'
import { eventually, type Persona, persona } from '@caelum/testkit'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { type TestApp, testApp } from './app.ts'
import { testHost } from './hosts.ts'
import { IMAGE } from './neighbours.ts'

/** What hangs below a server: metadata, tags, actions. */
let api: TestApp
let loop: ReturnType<TestApp['deps']['startReconciler']>
let host: Awaited<ReturnType<typeof testHost>>
let member: Persona
let id: string
beforeAll(async () => {
  api = await testApp()
  loop = api.deps.startReconciler()
})
afterAll(async () => {
  await loop.close()
  await api.close()
})
beforeEach(async () => {
  member = persona('member')
  host = await testHost(api.deps, 'host-1')
  const network = { id: newId(), name: 'net', project_id: member.projectId }
  api.around.networks.set(network.id, network)
  const { body } = await call('POST', '/servers', {
    body: { server: { name: 's', imageRef: IMAGE.id, flavorRef: '1' } },
  })
  id = body.server.id
  await isActive()
})
afterEach(() => api.clear('servers, vms, hosts, server_actions'))

const call = (
  method: 'GET' | 'POST' | 'PUT' | 'DELETE',
  url: string,
  options: { body?: unknown; microversion?: string; who?: Persona } = {},
) => api.call(options.who ?? member, method, url, { microversion: '2.26', ...options })
const isActive = () =>
  eventually(async () => {
    await host.obey()
    return (await call('GET', `/servers/${id}`)).body.server.status === 'ACTIVE'
  })

describe('metadata', () => {
  const url = (key = '') => `/servers/${id}/metadata${key}`
  const list = async () => (await call('GET', url())).body.metadata

  test('is merged, replaced, shown and removed, and the guest gets to know', async () => {
    expect((await call('POST', url(), { body: { metadata: { a: '1', b: '2' } } })).body.metadata).toEqual({
      a: '1',
      b: '2',
    })
    expect((await call('PUT', url('/a'), { body: { meta: { a: 'one' } } })).body).toEqual({
      meta: { a: 'one' },
    })
    expect((await call('GET', url('/a'))).body).toEqual({ meta: { a: 'one' } })
    expect(await list()).toEqual({ a: 'one', b: '2' })
    await eventually(
      async () =>
        expect((await host.wanted())[0]?.metadata).toMatchObject({ meta: { a: 'one', b: '2' } }) ?? true,
    )
    expect((await call('PUT', url(), { body: { metadata: { c: '3' } } })).body.metadata).toEqual({ c: '3' })
    expect((await call('DELETE', url('/c'))).status).toBe(204)
    expect(await list()).toEqual({})
    await isActive()
  })

  test('items that are not there, and keys that do not agree', async () => {
    expect((await call('GET', url('/none'))).status).toBe(404)
    expect((await call('GET', url('/constructor'))).status).toBe(404)
    expect((await call('DELETE', url('/none'))).status).toBe(404)
    expect((await call('PUT', url('/a'), { body: { meta: { b: '1' } } })).status).toBe(400)
    expect((await call('PUT', url('/a'), { body: { meta: { a: '1', b: '1' } } })).status).toBe(400)
  })

  test('what is no metadata is refused', async () => {
    for (const body of [
      {},
      { metadata: [] },
      { metadata: { a: 1 } },
      { metadata: { 'a/b': '1' } },
      { metadata: { a: 'x'.repeat(256) } },
      { metadata: {}, more: 1 },
    ])
      for (const method of ['POST', 'PUT'] as const)
        expect((await call(method, url(), { body })).status).toBe(400)
  })

  test('more items than the quota allows are refused', async () => {
    await api.deps.db.quota.create({
      data: { project_id: member.projectId, resource: 'metadata_items', limit: 2 },
    })
    await call('POST', url(), { body: { metadata: { a: '1', b: '2' } } })
    const refused = await call('POST', url(), { body: { metadata: { c: '3' } } })
    expect(refused.status).toBe(403)
    expect(refused.body.forbidden.message).toBe('Maximum number of metadata items exceeds 2')
    expect((await call('POST', url(), { body: { metadata: { a: 'one' } } })).status).toBe(200)
    const server = { name: 's', imageRef: IMAGE.id, flavorRef: '1', metadata: { a: '1', b: '2', c: '3' } }
    expect((await call('POST', '/servers', { body: { server } })).status).toBe(403)
  })

  test('ten at once are all kept or told to try again', async () => {
    const replies = await Promise.all(
      Array.from({ length: 10 }, (_, i) => call('POST', url(), { body: { metadata: { [`k${i}`]: 'v' } } })),
    )
    const kept = replies.filter(reply => reply.status === 200).length
    expect(replies.every(reply => reply.status === 200 || reply.status === 409)).toBe(true)
    expect(Object.keys(await list())).toHaveLength(kept)
  })

  test('a locked server is left alone, but for administrators', async () => {
    await call('POST', `/servers/${id}/action`, { body: { lock: null } })
    const body = { metadata: { a: '1' } }
    expect((await call('POST', url(), { body })).status).toBe(409)
    expect((await call('POST', url(), { body, who: persona('admin') })).status).toBe(200)
  })
})

test('why a server is locked is said from 2.73 on, for as long as it is', async () => {
  const act = (body: object, microversion: string) =>
    call('POST', `/servers/${id}/action`, { body, microversion })
  const shown = async () =>
    (await call('GET', `/servers/${id}`, { microversion: '2.73' })).body.server as Record<string, unknown>
  expect((await act({ lock: { locked_reason: 'ignored' } }, '2.72')).status).toBe(202)
  expect(await shown()).toMatchObject({ locked: true, locked_reason: null })
  expect((await act({ lock: { locked_reason: 'cleaning' } }, '2.73')).status).toBe(202)
  expect(await shown()).toMatchObject({ locked: true, locked_reason: 'cleaning' })
  expect((await act({ lock: { locked_reason: '' } }, '2.73')).status).toBe(400)
  expect((await act({ lock: { reason: 'no such word' } }, '2.73')).status).toBe(400)
  expect((await act({ unlock: null }, '2.73')).status).toBe(202)
  expect(await shown()).toMatchObject({ locked: false, locked_reason: null })
})

describe('tags', () => {
  const url = (tag = '') => `/servers/${id}/tags${tag}`
  const list = async () => (await call('GET', url())).body.tags

  test('are added, looked for, replaced and removed', async () => {
    const added = await call('PUT', url('/red'))
    expect(added.status).toBe(201)
    expect(added.headers['location']).toMatch(new RegExp(`/v2.1/servers/${id}/tags/red$`))
    expect((await call('PUT', url('/red'))).status).toBe(204)
    expect((await call('GET', url('/red'))).status).toBe(204)
    expect((await call('GET', url('/blue'))).status).toBe(404)
    expect((await call('PUT', url(), { body: { tags: ['blue', 'green', 'blue'] } })).body.tags).toEqual([
      'blue',
      'green',
    ])
    expect((await call('DELETE', url('/blue'))).status).toBe(204)
    expect((await call('DELETE', url('/blue'))).status).toBe(404)
    expect(await list()).toEqual(['green'])
    expect((await call('GET', '/servers?tags=green')).body.servers).toHaveLength(1)
    expect((await call('DELETE', url())).status).toBe(204)
    expect(await list()).toEqual([])
  })

  test('fifty, and no more; added at once, all are kept', async () => {
    const many = Array.from({ length: 49 }, (_, i) => `t${i}`)
    await call('PUT', url(), { body: { tags: many } })
    const replies = await Promise.all(['x', 'y', 'z'].map(tag => call('PUT', url(`/${tag}`))))
    expect(replies.map(reply => reply.status).sort()).toEqual([201, 400, 400])
    expect(await list()).toHaveLength(50)
    expect((await call('PUT', url(), { body: { tags: [...many, 'x', 'y'] } })).status).toBe(400)
  })

  test.each(['a,b', 'x'.repeat(61)])('%s is no tag', async tag => {
    expect((await call('PUT', url(`/${tag}`))).status).toBe(400)
    expect((await call('PUT', url(), { body: { tags: [tag] } })).status).toBe(400)
  })

  test('2.26: there are tags', async () => {
    for (const [microversion, status] of [
      ['2.25', 404],
      ['2.26', 200],
    ] as const)
      expect((await call('GET', url(), { microversion })).status).toBe(status)
  })
})

describe('instance actions', () => {
  const url = (more = '') => `/servers/${id}/os-instance-actions${more}`
  const actions = async (query = '', microversion = '2.58') =>
    (await call('GET', url(query), { microversion })).body.instanceActions

  test('tell who asked what, newest first', async () => {
    await call('POST', `/servers/${id}/action`, { body: { 'os-stop': null } })
    const [stop, create] = await actions()
    expect(create).toMatchObject({
      action: 'create',
      instance_uuid: id,
      user_id: member.userId,
      project_id: member.projectId,
      message: null,
    })
    expect(stop.action).toBe('stop')
    const shown = await call('GET', url(`/${create.request_id}`), { microversion: '2.51' })
    expect(shown.body.instanceAction).toMatchObject({ action: 'create', events: [] })
    expect((await call('GET', url('/req-none'))).status).toBe(404)
  })

  test('2.21: the past of a deleted server is there for its project', async () => {
    await call('DELETE', `/servers/${id}`)
    await eventually(async () => {
      await host.obey()
      return (await call('GET', `/servers/${id}`)).status === 404
    })
    expect((await call('GET', url(), { microversion: '2.20' })).status).toBe(404)
    expect((await actions('', '2.21')).map((a: { action: string }) => a.action)).toEqual(['delete', 'create'])
    expect((await call('GET', url(), { who: persona('member') })).status).toBe(404)
    expect((await call('GET', '/servers/none/os-instance-actions')).status).toBe(404)
  })

  test('2.51: events are shown to everybody, before to administrators', async () => {
    const [{ request_id }] = await actions()
    const shown = async (microversion: string, who = member) =>
      (await call('GET', url(`/${request_id}`), { microversion, who })).body.instanceAction
    expect(await shown('2.50')).not.toHaveProperty('events')
    expect(await shown('2.50', persona('admin'))).toHaveProperty('events')
    expect(await shown('2.51')).toHaveProperty('events')
  })

  test('2.58: pages, updated_at and changes-since', async () => {
    await call('POST', `/servers/${id}/action`, { body: { 'os-stop': null } })
    expect((await actions('', '2.57'))[0]).not.toHaveProperty('updated_at')
    expect(await actions('?limit=1', '2.57')).toHaveLength(2)
    const first = (await call('GET', url('?limit=1'), { microversion: '2.58' })).body
    expect(first.instanceActions[0]).toMatchObject({ action: 'stop', updated_at: expect.any(String) })
    const next: string = first.links[0].href
    const second = await call('GET', next.slice(next.indexOf('/servers')), { microversion: '2.58' })
    expect(second.body.instanceActions.map((a: { action: string }) => a.action)).toEqual(['create'])
    expect(await actions(`?changes-since=${new Date(Date.now() + 60_000).toISOString()}`)).toEqual([])
    expect((await call('GET', url('?marker=none'), { microversion: '2.58' })).status).toBe(400)
    expect((await call('GET', url('?changes-since=soon'), { microversion: '2.58' })).status).toBe(400)
    expect((await call('GET', url('?x=1'), { microversion: '2.57' })).status).toBe(200)
    expect((await call('GET', url('?x=1'), { microversion: '2.58' })).status).toBe(400)
  })

  test('2.66: changes-before', async () => {
    const [past, future] = [-60_000, 60_000].map(ms => new Date(Date.now() + ms).toISOString())
    expect((await call('GET', url(`?changes-before=${past}`), { microversion: '2.65' })).status).toBe(400)
    expect(await actions(`?changes-before=${past}`, '2.66')).toEqual([])
    expect(await actions(`?changes-before=${future}`, '2.66')).toHaveLength(1)
    const crossed = `?changes-before=${past}&changes-since=${future}`
    expect((await call('GET', url(crossed), { microversion: '2.66' })).status).toBe(400)
  })
})

test("another project's server is not found, and a reader changes nothing", async () => {
  const other = persona('member')
  const reader = persona('reader', { projectId: member.projectId })
  for (const [method, path, body] of [
    ['GET', 'metadata', undefined],
    ['POST', 'metadata', { metadata: {} }],
    ['GET', 'tags', undefined],
    ['PUT', 'tags', { tags: [] }],
    ['GET', 'os-instance-actions', undefined],
  ] as const) {
    const url = `/servers/${id}/${path}`
    expect((await call(method, url, { body, who: other })).status).toBe(404)
    expect((await call(method, url, { body, who: reader })).status).toBe(method === 'GET' ? 200 : 403)
  }
})
