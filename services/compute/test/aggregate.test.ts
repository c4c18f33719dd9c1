import { newId } from '@caelum/kernel'
import { eventually, persona } from '@caelum/testkit'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { type TestApp, testApp } from './app.ts'
import { testHost } from './hosts.ts'
import { IMAGE } from './neighbours.ts'

let api: TestApp
let loop: ReturnType<TestApp['deps']['startReconciler']>
const [admin, member] = [persona('admin'), persona('member')]
beforeAll(async () => {
  api = await testApp()
  loop = api.deps.startReconciler()
  const network = { id: newId(), name: 'net', project_id: member.projectId }
  api.around.networks.set(network.id, network)
})
afterAll(async () => {
  await loop.close()
  await api.close()
})
beforeEach(async () => {
  await testHost(api.deps, 'host-1')
  await testHost(api.deps, 'host-2')
})
afterEach(() => api.clear('servers, vms, hosts, aggregates'))

const URL = '/os-aggregates'
const get = (url: string, microversion = '2.41', who = admin) => api.call(who, 'GET', url, { microversion })
const make = async (name: string, availability_zone?: string): Promise<number> => {
  const reply = await api.call(admin, 'POST', URL, { body: { aggregate: { name, availability_zone } } })
  expect(reply.status).toBe(200)
  return reply.body.aggregate.id
}
const act = (id: number, body: object) => api.call(admin, 'POST', `${URL}/${id}/action`, { body })
const addHost = (id: number, host: string) => act(id, { add_host: { host } })
const removeHost = (id: number, host: string) => act(id, { remove_host: { host } })
const setMetadata = (id: number, metadata: object) => act(id, { set_metadata: { metadata } })
const update = (id: number, aggregate: object) =>
  api.call(admin, 'PUT', `${URL}/${id}`, { body: { aggregate } })
const zones = async () =>
  (await get('/os-availability-zone')).body.availabilityZoneInfo.map((z: { zoneName: string }) => z.zoneName)

const create = (availability_zone?: string) =>
  api.call(member, 'POST', '/servers', {
    body: { server: { name: 's', imageRef: IMAGE.id, flavorRef: '1', availability_zone } },
  })
const placed = async (zone?: string) => {
  const { id } = (await create(zone)).body.server
  return eventually(async () => (await api.deps.serverRows.get(id))?.vm)
}

test('an aggregate is made, filled, described, emptied and deleted', async () => {
  const created = await api.call(admin, 'POST', URL, { body: { aggregate: { name: 'fast' } } })
  const { id } = created.body.aggregate
  expect(created.body.aggregate).toEqual({
    id: expect.any(Number),
    name: 'fast',
    availability_zone: null,
    created_at: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:]+\.\d{6}$/),
    updated_at: null,
    deleted: false,
    deleted_at: null,
  })
  expect((await addHost(id, 'host-1')).body.aggregate.hosts).toEqual(['host-1'])
  expect((await setMetadata(id, { ssd: 'yes', old: 'x' })).body.aggregate.metadata).toEqual({
    ssd: 'yes',
    old: 'x',
  })
  expect((await setMetadata(id, { old: null, new: '1' })).body.aggregate.metadata).toEqual({
    ssd: 'yes',
    new: '1',
  })
  expect((await update(id, { name: ' faster ' })).body.aggregate.name).toBe('faster')
  expect((await get(URL)).body.aggregates.map((a: { name: string }) => a.name)).toEqual(['faster'])
  expect((await get(`${URL}/${id}`)).body.aggregate).toMatchObject({ hosts: ['host-1'], deleted: false })

  expect((await api.call(admin, 'DELETE', `${URL}/${id}`)).status).toBe(400)
  expect((await removeHost(id, 'host-1')).body.aggregate.hosts).toEqual([])
  expect((await api.call(admin, 'DELETE', `${URL}/${id}`)).status).toBe(200)
  expect((await api.call(admin, 'DELETE', `${URL}/${id}`)).status).toBe(404)
})

test('what is not there, or there already', async () => {
  const id = await make('a')
  const other = await make('b')
  expect((await api.call(admin, 'POST', URL, { body: { aggregate: { name: 'a' } } })).status).toBe(409)
  expect((await update(other, { name: 'a' })).status).toBe(409)
  expect((await addHost(id, 'none')).status).toBe(404)
  expect((await addHost(4_711, 'host-1')).status).toBe(404)
  expect((await removeHost(id, 'host-1')).status).toBe(404)
  await addHost(id, 'host-1')
  expect((await addHost(id, 'host-1')).status).toBe(409)
  expect((await get(`${URL}/x`)).status).toBe(400)
  expect((await get(`${URL}/4711`)).status).toBe(404)
})

test('aggregates are for administrators', async () => {
  const id = await make('a')
  expect((await get(URL, '2.41', member)).status).toBe(403)
  expect((await api.call(member, 'POST', `${URL}/${id}/action`, { body: {} })).status).toBe(403)
})

test.each([
  ['no name', {}],
  ['an empty name', { name: '' }],
  ['a name too long', { name: 'x'.repeat(256) }],
  ['a zone with a colon', { name: 'x', availability_zone: 'a:b' }],
  ['an empty zone', { name: 'x', availability_zone: '' }],
  ['an unknown field', { name: 'x', colour: 'red' }],
])('%s is refused', async (_what, aggregate) => {
  expect((await api.call(admin, 'POST', URL, { body: { aggregate } })).status).toBe(400)
})
test('actions: none, unknown, of the wrong form', async () => {
  const id = await make('a')
  for (const body of [{}, { fly: {} }, { add_host: {} }, { set_metadata: { metadata: { 'a/b': '1' } } }])
    expect((await act(id, body)).status).toBe(400)
  expect((await update(id, {})).status).toBe(400)
})

describe('zones', () => {
  test('servers go where their zone is, and say where they are', async () => {
    const id = await make('east', 'east-1')
    await addHost(id, 'host-2')
    expect(await zones()).toEqual(['east-1', 'nova'])
    expect((await get('/os-services')).body.services.map((s: { zone: string }) => s.zone)).toEqual([
      'nova',
      'east-1',
    ])
    const east = await placed('east-1')
    expect(east).toMatchObject({ host_name: 'host-2', host_zone: 'east-1' })
    expect(await placed('nova')).toMatchObject({ host_name: 'host-1' })
    const [spec] = await api.deps.vms.wanted(east?.host_id ?? '', 0n)
    expect(spec?.metadata.availability_zone).toBe('east-1')
    const names = (await get('/servers/detail', '2.1', member)).body.servers.map(
      (s: Record<string, string>) => s['OS-EXT-AZ:availability_zone'],
    )
    expect(names.sort()).toEqual(['east-1', 'nova'])
    const unknown = await create('west-1')
    expect(unknown.status).toBe(400)
    expect(unknown.body.badRequest.message).toContain('zone is not available')
  })

  test('the zone is part of the metadata, and cannot be taken away', async () => {
    const id = await make('east', 'east-1')
    expect((await setMetadata(id, { availability_zone: 'east-2' })).body.aggregate).toMatchObject({
      availability_zone: 'east-2',
      metadata: { availability_zone: 'east-2' },
    })
    expect((await update(id, { availability_zone: 'east-3' })).body.aggregate.availability_zone).toBe(
      'east-3',
    )
    expect((await update(id, { availability_zone: null })).status).toBe(400)
    expect((await setMetadata(id, { availability_zone: null })).status).toBe(400)
  })

  test('a host is in one zone', async () => {
    const [east, west, ssd] = [await make('e', 'east'), await make('w', 'west'), await make('ssd')]
    await addHost(east, 'host-1')
    const refused = await addHost(west, 'host-1')
    expect(refused.status).toBe(409)
    expect(refused.body.conflictingRequest.message).toContain('already in availability zone')
    expect((await addHost(ssd, 'host-1')).status).toBe(200)
    expect((await update(ssd, { availability_zone: 'west' })).status).toBe(400)
    expect((await update(ssd, { availability_zone: 'east' })).status).toBe(200)
    expect((await removeHost(east, 'host-1')).status).toBe(200)
    expect(await zones()).toEqual(['east', 'nova'])
  })

  test('a host with servers does not change its zone', async () => {
    const east = await make('east', 'east')
    await addHost(east, 'host-1')
    await placed('east')
    await placed('nova')
    expect((await removeHost(east, 'host-1')).status).toBe(409)
    expect((await addHost(east, 'host-2')).status).toBe(409)
    expect((await update(east, { availability_zone: 'west' })).status).toBe(400)
    expect(await zones()).toEqual(['east', 'nova'])
    expect((await get(`${URL}/${east}`)).body.aggregate).toMatchObject({
      availability_zone: 'east',
      hosts: ['host-1'],
    })
  })

  test('a host that is forgotten leaves its aggregates', async () => {
    const id = await make('east', 'east')
    await addHost(id, 'host-1')
    const host = await api.deps.hosts.byName('host-1')
    await api.deps.db.host.updateMany({ data: { seen_at: new Date(0) } })
    await api.call(admin, 'DELETE', `/os-services/${host?.id}`, { microversion: '2.53' })
    expect((await get(`${URL}/${id}`)).body.aggregate.hosts).toEqual([])
  })
})

describe('gates', () => {
  test('2.41: the uuid is shown', async () => {
    const id = await make('a')
    expect((await get(`${URL}/${id}`, '2.40')).body.aggregate).not.toHaveProperty('uuid')
    expect((await get(`${URL}/${id}`, '2.41')).body.aggregate.uuid).toMatch(/^[0-9a-f-]{36}$/)
  })
  test('2.81: images can be asked for, and the answer is an honest no', async () => {
    const id = await make('a')
    const ask = (microversion: string) =>
      api.call(admin, 'POST', `${URL}/${id}/images`, { microversion, body: { cache: [{ id: IMAGE.id }] } })
    expect((await ask('2.80')).status).toBe(404)
    expect((await ask('2.81')).status).toBe(501)
  })
})
