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

const call = (method: 'GET' | 'PATCH' | 'DELETE' | 'PUT' | 'HEAD' | 'POST', url: string, body?: unknown) =>
  api.call(method, `/v3/${url}`, { token: w.admin, ...(body ? { body } : {}) })
const policy = (blob = '{}', type = 'application/json') => w.create('policies', 'policy', { blob, type })

test('a policy is created, shown, listed, changed and deleted', async () => {
  const made = await call('POST', 'policies', {
    policy: { blob: '{"a": "role:admin"}', type: 'text/x', own: 1 },
  })
  expect(made.status).toBe(201)
  const { id } = made.body.policy
  expect(made.body.policy).toEqual({
    id,
    blob: '{"a": "role:admin"}',
    type: 'text/x',
    own: 1,
    links: { self: expect.stringMatching(new RegExp(`/v3/policies/${id}$`)) },
  })
  expect((await call('GET', `policies/${id}`)).body).toEqual(made.body)
  expect((await call('GET', 'policies?type=text/x')).body.policies).toEqual([made.body.policy])
  expect((await call('GET', 'policies?type=other')).body.policies).toEqual([])
  expect((await call('PATCH', `policies/${id}`, { policy: { blob: 'new' } })).body.policy).toMatchObject({
    blob: 'new',
    type: 'text/x',
    own: 1,
  })
  expect((await call('PATCH', `policies/${id}`, { policy: {} })).status).toBe(400)
  expect((await call('POST', 'policies', { policy: { blob: {}, type: 'x' } })).status).toBe(400)
  expect((await call('DELETE', `policies/${id}`)).status).toBe(204)
  expect((await call('GET', `policies/${id}`)).status).toBe(404)
})

test('an endpoint’s policy is its own, else that of its service in the nearest region, else of its service', async () => {
  const service = await w.create('services', 'service', { type: 'with-policy' })
  await w.create('regions', 'region', { id: 'north' })
  await w.create('regions', 'region', { id: 'arctic', parent_region_id: 'north' })
  const fields = { service_id: service, interface: 'public', url: 'http://x/' }
  const endpoint = await w.create('endpoints', 'endpoint', { ...fields, region_id: 'arctic' })
  const homeless = await w.create('endpoints', 'endpoint', fields)
  const [own, near, far, general] = [await policy(), await policy(), await policy(), await policy()]
  const of = async (id: string) => {
    const { status, body } = await call('GET', `endpoints/${id}/OS-ENDPOINT-POLICY/policy`)
    return status === 200 ? body.policy.id : status
  }
  const place = (id: string, at: string) => `policies/${id}/OS-ENDPOINT-POLICY/${at}`
  expect(await of(endpoint)).toBe(404)
  const steps: [string, string][] = [
    [general, `services/${service}`],
    [far, `services/${service}/regions/north`],
    [near, `services/${service}/regions/arctic`],
    [own, `endpoints/${endpoint}`],
  ]
  for (const [id, at] of steps) {
    expect((await call('GET', place(id, at))).status).toBe(404)
    expect((await call('PUT', place(id, at))).status).toBe(204)
    expect((await call('HEAD', place(id, at))).status).toBe(204)
    expect(await of(endpoint)).toBe(id)
    expect(await of(homeless)).toBe(general)
  }
  const endpoints = async (id: string) =>
    (await call('GET', `policies/${id}/OS-ENDPOINT-POLICY/endpoints`)).body.endpoints.map(
      (it: { id: string }) => it.id,
    )
  expect((await endpoints(general)).sort()).toEqual([endpoint, homeless].sort())
  expect(await endpoints(far)).toEqual([endpoint])
  expect(await endpoints(own)).toEqual([endpoint])
  expect((await call('DELETE', place(own, `endpoints/${endpoint}`))).status).toBe(204)
  expect((await call('DELETE', place(own, `endpoints/${endpoint}`))).status).toBe(404)
  expect(await of(endpoint)).toBe(near)
  await call('PUT', place(own, `services/${service}`))
  expect(await of(homeless)).toBe(own)
  expect((await call('GET', place(general, `services/${service}`))).status).toBe(404)
  await call('DELETE', `policies/${own}`)
  expect(await of(homeless)).toBe(404)
  expect((await call('PUT', place(near, 'endpoints/nowhere'))).status).toBe(404)
  expect((await call('PUT', place('nothing', `services/${service}`))).status).toBe(404)
})
