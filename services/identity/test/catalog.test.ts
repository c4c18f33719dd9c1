import { eventually } from '@caelum/testkit'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { Catalog, fillUrl } from '../src/resources/endpoint/catalog.ts'
import { type TestApp, testApp, testDeps } from './app.ts'
import { type World, world } from './world.ts'

let api: TestApp
let w: World
beforeAll(async () => {
  api = await testApp()
  w = await world(api)
})
afterAll(() => api.close())

const call = (method: 'GET' | 'PATCH' | 'DELETE' | 'PUT' | 'POST', url: string, body?: unknown) =>
  api.call(method, `/v3/${url}`, { token: w.admin, ...(body ? { body } : {}) })
const catalog = async () => (await call('GET', 'auth/catalog')).body.catalog

test('a service and its endpoints appear in the catalogue at once, and go', async () => {
  const service = await w.create('services', 'service', { name: 'dns', type: 'dns', description: 'd' })
  const endpoint = await call('POST', 'endpoints', {
    endpoint: {
      service_id: service,
      interface: 'public',
      url: 'http://dns/$(tenant_id)s',
      region: 'RegionTwo',
    },
  })
  expect(endpoint.status).toBe(201)
  const { id } = endpoint.body.endpoint
  expect(endpoint.body.endpoint).toEqual({
    id,
    service_id: service,
    interface: 'public',
    url: 'http://dns/$(tenant_id)s',
    region: 'RegionTwo',
    region_id: 'RegionTwo',
    enabled: true,
    links: { self: expect.stringMatching(new RegExp(`/v3/endpoints/${id}$`)) },
  })
  expect((await call('GET', 'regions/RegionTwo')).status).toBe(200)
  const entry = async () => (await catalog()).find((it: { id: string }) => it.id === service)
  expect(await entry()).toMatchObject({ type: 'dns', name: 'dns', endpoints: [{ id, region: 'RegionTwo' }] })
  expect((await entry()).endpoints[0].url).toMatch(/^http:\/\/dns\/[0-9a-f]{32}$/)
  await call('PATCH', `endpoints/${id}`, { endpoint: { url: 'http://moved/' } })
  expect((await entry()).endpoints[0].url).toBe('http://moved/')
  await call('PATCH', `endpoints/${id}`, { endpoint: { enabled: false } })
  expect((await entry()).endpoints).toEqual([])
  await call('PATCH', `services/${service}`, { service: { enabled: false } })
  expect(await entry()).toBeUndefined()
  expect((await call('DELETE', `services/${service}`)).status).toBe(204)
  expect((await call('GET', `endpoints/${id}`)).status).toBe(404)
})

test('another process sees a change within a second', async () => {
  const second = await testDeps(api.database.url)
  onTestFinished(() => second.close())
  await second.catalog.list('u', 'p')
  const service = await w.create('services', 'service', { type: 'late' })
  const changedAt = performance.now()
  await eventually(async () => (await second.catalog.list('u', 'p')).some(it => it.id === service), {
    every: 10,
  })
  expect(performance.now() - changedAt).toBeLessThan(1_000)
})

test('what is read from before a change is not shown after it', async () => {
  let answer: (services: never[]) => void = () => undefined
  let reads = 0
  const slow = new Catalog(
    {
      enabled: () => {
        reads += 1
        return new Promise(resolve => {
          answer = resolve
        })
      },
    },
    { isUsed: async () => false, endpointsOfProject: async () => [] },
  )
  const listed = slow.list('u', 'p')
  const stale = answer
  slow.forget()
  stale([{ id: 'old', type: 't', name: null, endpoints: [] }] as never[])
  await eventually(() => reads === 2)
  answer([])
  expect(await listed).toEqual([])
})

test('lists of services and endpoints are filtered', async () => {
  const service = await w.create('services', 'service', { name: 'one', type: 'filtered' })
  const fields = { service_id: service, url: 'http://x/', region_id: 'RegionOne' }
  const [a, b] = [
    await w.create('endpoints', 'endpoint', { ...fields, interface: 'public' }),
    await w.create('endpoints', 'endpoint', { ...fields, interface: 'admin' }),
  ]
  const found = async (url: string, many: string) =>
    (await call('GET', url)).body[many].map((it: { id: string }) => it.id)
  expect(await found('services?type=filtered', 'services')).toEqual([service])
  expect(await found('services?name=one', 'services')).toEqual([service])
  expect(await found(`endpoints?service_id=${service}`, 'endpoints')).toEqual([a, b])
  expect(await found(`endpoints?service_id=${service}&interface=admin`, 'endpoints')).toEqual([b])
  expect(await found('endpoints?region_id=nowhere', 'endpoints')).toEqual([])
})

test.each<[string, Record<string, unknown>]>([
  ['an unknown service', { service_id: 'nothing' }],
  ['an unknown region', { region_id: 'nowhere' }],
  ['an unknown interface', { interface: 'side' }],
  ['an unknown substitution', { url: 'http://x/$(colour)s' }],
  ['no URL', { url: 'nonsense' }],
])('an endpoint with %s is refused', async (_, change) => {
  const [service] = (await call('GET', 'services')).body.services
  const endpoint = { service_id: service.id, interface: 'public', url: 'http://x/', ...change }
  expect((await call('POST', 'endpoints', { endpoint })).status).toBe(400)
})

describe('regions', () => {
  test('are made with an id of the client’s choice, one below another', async () => {
    expect((await call('PUT', 'regions/north', { region: { description: 'n' } })).status).toBe(201)
    expect((await call('PUT', 'regions/north', { region: {} })).status).toBe(409)
    const child = await call('POST', 'regions', { region: { parent_region_id: 'north' } })
    expect(child.body.region).toMatchObject({ parent_region_id: 'north', description: '' })
    const { id } = child.body.region
    const listed = await call('GET', 'regions?parent_region_id=north')
    expect(listed.body.regions.map((region: { id: string }) => region.id)).toEqual([id])
    expect((await call('PATCH', 'regions/north', { region: { parent_region_id: id } })).status).toBe(400)
    expect((await call('PATCH', `regions/${id}`, { region: { parent_region_id: 'nowhere' } })).status).toBe(
      404,
    )
    expect(
      (await call('PATCH', `regions/${id}`, { region: { description: 'd' } })).body.region,
    ).toMatchObject({
      description: 'd',
      parent_region_id: 'north',
    })
    expect((await call('PUT', 'regions/a', { region: { id: 'b' } })).status).toBe(400)
    expect((await call('DELETE', 'regions/north')).status).toBe(204)
    expect((await call('GET', `regions/${id}`)).status).toBe(404)
  })

  test('with endpoints, they or what is below them, stay', async () => {
    expect((await call('DELETE', 'regions/RegionOne')).status).toBe(403)
  })
})

test.each([
  ['http://x/', 'http://x/'],
  ['http://x/$(project_id)s/%(tenant_id)s/$(user_id)s', 'http://x/p/p/u'],
  ['http://x/$(nothing)s', null],
  ['http://x/100%', 'http://x/100%'],
])('%s is filled in as %s', (url, expected) => {
  expect(fillUrl(url, 'u', 'p')).toBe(expected)
})

test('without a project its endpoints are left out', () => {
  expect(fillUrl('http://x/$(project_id)s', 'u', undefined)).toBeNull()
  expect(fillUrl('http://x/$(user_id)s', 'u', undefined)).toBe('http://x/u')
})
