import { newId } from '@caelum/kernel'
import { eventually, type Persona, persona } from '@caelum/testkit'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { type TestApp, testApp } from './app.ts'
import { testHost } from './hosts.ts'
import { IMAGE } from './neighbours.ts'

let api: TestApp
let loop: ReturnType<TestApp['deps']['startReconciler']>
let member: Persona
beforeAll(async () => {
  api = await testApp()
  loop = api.deps.startReconciler()
})
afterAll(async () => {
  await loop.close()
  await api.close()
})
beforeEach(() => {
  member = persona('member')
})
afterEach(() => api.clear('servers, vms, hosts, server_groups, quotas'))

const URL = '/os-server-groups'
const make = (server_group: object, microversion = '2.64', who = member) =>
  api.call(who, 'POST', URL, { microversion, body: { server_group } })
const get = (url: string, microversion = '2.64', who = member) => api.call(who, 'GET', url, { microversion })

test('a group is made, listed, shown and deleted by its project only', async () => {
  const { status, body } = await make({ name: 'web', policy: 'affinity' })
  expect(status).toBe(200)
  const group = body.server_group
  expect(group).toEqual({
    id: expect.any(String),
    name: 'web',
    policy: 'affinity',
    rules: {},
    members: [],
    project_id: member.projectId,
    user_id: member.userId,
  })
  expect((await get(URL)).body.server_groups).toEqual([group])
  expect((await get(`${URL}/${group.id}`)).body.server_group).toEqual(group)

  const [other, admin] = [persona('member'), persona('admin')]
  const reader = persona('reader', { projectId: member.projectId })
  expect((await get(URL, '2.64', other)).body.server_groups).toEqual([])
  expect((await get(`${URL}?all_projects=1`, '2.64', other)).body.server_groups).toEqual([])
  expect((await get(`${URL}?all_projects=1`, '2.64', admin)).body.server_groups).toEqual([group])
  expect((await get(`${URL}/${group.id}`, '2.64', other)).status).toBe(404)
  expect((await api.call(reader, 'DELETE', `${URL}/${group.id}`)).status).toBe(403)
  expect((await make({ name: 'x', policy: 'affinity' }, '2.64', reader)).status).toBe(403)
  expect((await api.call(other, 'DELETE', `${URL}/${group.id}`)).status).toBe(404)
  expect((await api.call(member, 'DELETE', `${URL}/${group.id}`)).status).toBe(204)
  expect((await get(`${URL}/${group.id}`)).status).toBe(404)
  expect((await get(`${URL}/none`)).status).toBe(404)
})

test('pages by offset', async () => {
  for (const name of ['a', 'b', 'c']) await make({ name, policy: 'affinity' })
  const names = async (query: string) =>
    (await get(`${URL}?${query}`)).body.server_groups.map((g: { name: string }) => g.name)
  expect(await names('limit=2')).toEqual(['a', 'b'])
  expect(await names('limit=2&offset=2')).toEqual(['c'])
  expect((await get(`${URL}?limit=x`)).status).toBe(400)
})

test('the quota counts groups, also when many come at once', async () => {
  const replies = await Promise.all(
    Array.from({ length: 13 }, (_, i) => make({ name: `g${i}`, policy: 'affinity' })),
  )
  expect(replies.filter(reply => reply.status === 200)).toHaveLength(10)
  const refused = replies.find(reply => reply.status === 403)
  expect(refused?.body.forbidden.message).toBe('Quota exceeded, too many server groups.')
  const { absolute } = (await get('/limits')).body.limits
  expect(absolute).toMatchObject({ maxServerGroups: 10, totalServerGroupsUsed: 10 })
})

describe('gates', () => {
  test('2.13: the owner is shown', async () => {
    const old = { name: 'x', policies: ['affinity'] }
    expect((await make(old, '2.12')).body.server_group).not.toHaveProperty('project_id')
    expect((await make(old, '2.13')).body.server_group).toMatchObject({ project_id: member.projectId })
  })
  test.each(['soft-affinity', 'soft-anti-affinity'])('2.15: %s', async policy => {
    expect((await make({ name: 'x', policies: [policy] }, '2.14')).status).toBe(400)
    expect((await make({ name: 'x', policies: [policy] }, '2.15')).status).toBe(200)
  })
  test('2.64: one policy with rules instead of a list', async () => {
    const group = (await make({ name: 'x', policies: ['affinity'] }, '2.63')).body.server_group
    expect(group).toMatchObject({ policies: ['affinity'], metadata: {} })
    expect(group).not.toHaveProperty('policy')
    expect((await make({ name: 'x', policy: 'affinity' }, '2.63')).status).toBe(400)
    expect((await make({ name: 'x', policies: ['affinity'] }, '2.64')).status).toBe(400)
    const rules = { max_server_per_host: 3 }
    const ruled = (await make({ name: 'x', policy: 'anti-affinity', rules })).body.server_group
    expect(ruled).toMatchObject({ policy: 'anti-affinity', rules })
    expect(ruled).not.toHaveProperty('metadata')
    expect((await make({ name: 'x', policy: 'affinity', rules })).status).toBe(400)
  })
  test('2.75: unknown query parameters are refused', async () => {
    expect((await get(`${URL}?x=1`, '2.74')).status).toBe(200)
    expect((await get(`${URL}?x=1`, '2.75')).status).toBe(400)
  })
})

test.each([
  ['no policy', { name: 'x' }],
  ['an unknown policy', { name: 'x', policy: 'near' }],
  ['no name', { policy: 'affinity' }],
  ['a name that starts with a blank', { name: ' x', policy: 'affinity' }],
  ['a rule of none', { name: 'x', policy: 'anti-affinity', rules: { max_server_per_host: 0 } }],
  ['an unknown rule', { name: 'x', policy: 'anti-affinity', rules: { colour: 'red' } }],
  ['an unknown field', { name: 'x', policy: 'affinity', colour: 'red' }],
])('%s is refused', async (_what, group) => {
  expect((await make(group)).status).toBe(400)
})

describe('placement', () => {
  beforeEach(async () => {
    await testHost(api.deps, 'host-1')
    await testHost(api.deps, 'host-2')
    const network = { id: newId(), name: 'net', project_id: member.projectId }
    api.around.networks.set(network.id, network)
  })
  const group = async (policy: string, rules = {}): Promise<string> =>
    (await make({ name: 'g', policy, rules })).body.server_group.id
  const create = (hint: unknown, more = {}) =>
    api.call(member, 'POST', '/servers', {
      body: {
        server: { name: 's', imageRef: IMAGE.id, flavorRef: '1', ...more },
        'os:scheduler_hints': { group: hint },
      },
    })
  /** names of the hosts, or 'refused' with the reason, one server after the other */
  const placed = async (hint: string, count: number): Promise<string[]> => {
    const where: string[] = []
    for (let i = 0; i < count; i++) {
      const { id } = (await create(hint)).body.server
      where.push(
        await eventually(async () => {
          const found = await api.deps.serverRows.get(id)
          return found?.vm?.host_name ?? found?.server.fault?.message
        }),
      )
    }
    return where
  }

  test('anti-affinity puts members apart, and says why there is no more room', async () => {
    const id = await group('anti-affinity')
    const where = await placed(id, 3)
    expect(where.slice(0, 2).sort()).toEqual(['host-1', 'host-2'])
    expect(where[2]).toBe(
      'No valid host was found. 2 hosts: 2 with a member of the server group already (anti-affinity)',
    )
    const { members } = (await get(`${URL}/${id}`)).body.server_group
    expect(members).toHaveLength(3)
    const { server } = (await get(`/servers/${members[0]}`, '2.71')).body
    expect(server.server_groups).toEqual([id])
  })

  test('anti-affinity with a rule lets that many share a host', async () => {
    const where = await placed(await group('anti-affinity', { max_server_per_host: 2 }), 5)
    expect(where.slice(0, 4).sort()).toEqual(['host-1', 'host-1', 'host-2', 'host-2'])
    expect(where[4]).toContain('2 with 2 members of the server group already')
  })

  test('affinity keeps members together', async () => {
    expect(new Set(await placed(await group('affinity'), 3)).size).toBe(1)
  })

  test('the soft policies wish and do not refuse', async () => {
    expect(new Set(await placed(await group('soft-affinity'), 3)).size).toBe(1)
    const apart = await placed(await group('soft-anti-affinity'), 3)
    expect(new Set(apart.slice(0, 2)).size).toBe(2)
    expect(apart[2]).toMatch(/^host-/)
  })

  test('many at once are still apart', async () => {
    const id = await group('anti-affinity')
    expect((await create(id, { max_count: 2 })).status).toBe(202)
    await eventually(async () => (await api.deps.db.vm.count()) === 2)
    expect(new Set((await api.deps.db.vm.findMany()).map(vm => vm.host_id)).size).toBe(2)
  })

  test('a group that is gone or foreign, or no group at all, is refused at once', async () => {
    const foreign = (await make({ name: 'x', policy: 'affinity' }, '2.64', persona('member'))).body
      .server_group.id
    for (const hint of [newId(), foreign, 'x', 7]) expect((await create(hint)).status).toBe(400)
    expect(await api.deps.db.server.count()).toBe(0)
  })

  test('a group is no larger than its quota', async () => {
    await api.deps.db.quota.create({
      data: { project_id: member.projectId, resource: 'server_group_members', limit: 2 },
    })
    const id = await group('affinity')
    expect((await create(id, { max_count: 3 })).status).toBe(403)
    expect((await create(id, { max_count: 2 })).status).toBe(202)
    expect((await create(id)).status).toBe(403)
  })

  test('members outlive their group', async () => {
    const id = await group('affinity')
    await placed(id, 1)
    expect((await api.call(member, 'DELETE', `${URL}/${id}`)).status).toBe(204)
    const [server] = (await get('/servers/detail', '2.71')).body.servers
    expect(server.server_groups).toEqual([])
  })
})
