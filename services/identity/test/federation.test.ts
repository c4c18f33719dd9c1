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

type Method = 'GET' | 'PATCH' | 'DELETE' | 'PUT' | 'HEAD'
const call = (method: Method, path: string, body?: unknown) =>
  api.call(method, `/v3/OS-FEDERATION/${path}`, { token: w.admin, ...(body ? { body } : {}) })

const RULES = [{ local: [{ user: { name: '{0}' } }], remote: [{ type: 'name' }] }]

test('a mapping is created, shown, listed, changed and deleted', async () => {
  const made = await call('PUT', 'mappings/m1', { mapping: { rules: RULES } })
  expect(made.status).toBe(201)
  expect(made.body.mapping).toEqual({
    id: 'm1',
    rules: RULES,
    schema_version: '1.0',
    links: { self: expect.stringMatching(/\/v3\/OS-FEDERATION\/mappings\/m1$/) },
  })
  expect((await call('PUT', 'mappings/m1', { mapping: { rules: RULES } })).status).toBe(409)
  expect((await call('GET', 'mappings/m1')).body).toEqual(made.body)
  expect((await call('HEAD', 'mappings/m1')).status).toBe(200)
  expect((await call('GET', 'mappings')).body.mappings).toContainEqual(made.body.mapping)
  const changed = await call('PATCH', 'mappings/m1', { mapping: { rules: RULES, schema_version: '2.0' } })
  expect(changed.body.mapping.schema_version).toBe('2.0')
  expect((await call('PATCH', 'mappings/nothing', { mapping: { rules: RULES } })).status).toBe(404)
  expect((await call('PUT', 'mappings/m2', { mapping: { rules: [] } })).status).toBe(400)
  expect((await call('DELETE', 'mappings/m1')).status).toBe(204)
  expect((await call('GET', 'mappings/m1')).status).toBe(404)
  expect((await call('DELETE', 'mappings/m1')).status).toBe(404)
})

test('an identity provider is created, with a domain of its own, shown, listed, changed and deleted', async () => {
  const made = await call('PUT', 'identity_providers/idp', {
    identity_provider: { remote_ids: ['b', 'a'], description: 'd' },
  })
  expect(made.status).toBe(201)
  const { domain_id, links } = made.body.identity_provider
  expect(made.body.identity_provider).toEqual({
    id: 'idp',
    domain_id,
    enabled: false,
    description: 'd',
    authorization_ttl: null,
    remote_ids: ['b', 'a'],
    links: {
      self: expect.stringMatching(/\/identity_providers\/idp$/),
      protocols: `${links.self}/protocols`,
    },
  })
  const domain = await api.call('GET', `/v3/domains/${domain_id}`, { token: w.admin })
  expect(domain.body.domain.description).toMatch(/federated domain for Identity Provider: idp/)
  expect((await call('GET', 'identity_providers/idp')).body).toEqual(made.body)
  const ids = async (query: string) =>
    (await call('GET', `identity_providers${query}`)).body.identity_providers.map(
      (it: { id: string }) => it.id,
    )
  expect(await ids('')).toContain('idp')
  expect(await ids('?enabled=true')).not.toContain('idp')
  expect(await ids('?id=idp')).toEqual(['idp'])
  const change = (fields: Record<string, unknown>) =>
    call('PATCH', 'identity_providers/idp', { identity_provider: fields })
  expect((await change({ enabled: true, remote_ids: ['c'] })).body.identity_provider).toMatchObject({
    enabled: true,
    remote_ids: ['c'],
    description: 'd',
  })
  expect((await change({ authorization_ttl: 5, remote_ids: null })).body.identity_provider).toMatchObject({
    authorization_ttl: 5,
    remote_ids: [],
  })
  expect((await change({ domain_id: 'default' })).status).toBe(400)
  expect((await change({})).status).toBe(400)
  expect((await call('PUT', 'identity_providers/idp', { identity_provider: {} })).status).toBe(409)
  const other = (fields: Record<string, unknown>) =>
    call('PUT', 'identity_providers/other', { identity_provider: fields })
  expect((await other({ domain_id: 'nowhere' })).status).toBe(404)
  expect((await other({ unknown: 1 })).status).toBe(400)
  await change({ remote_ids: ['taken'] })
  expect((await other({ remote_ids: ['taken'] })).status).toBe(409)
  expect((await other({ remote_ids: ['x', 'x'] })).status).toBe(400)
  expect((await call('DELETE', 'identity_providers/idp')).status).toBe(204)
  expect((await call('GET', 'identity_providers/idp')).status).toBe(404)
  expect((await other({ remote_ids: ['taken'], domain_id: w.domain })).status).toBe(201)
})

test('a protocol ties a mapping to an identity provider', async () => {
  await call('PUT', 'mappings/mp', { mapping: { rules: RULES } })
  await call('PUT', 'identity_providers/ip', { identity_provider: { domain_id: w.domain } })
  const path = 'identity_providers/ip/protocols'
  const put = (id: string, protocol: unknown, at = path) => call('PUT', `${at}/${id}`, { protocol })
  const made = await put('openid', { mapping_id: 'mp' })
  expect(made.status).toBe(201)
  expect(made.body.protocol).toEqual({
    id: 'openid',
    mapping_id: 'mp',
    links: {
      self: expect.stringMatching(/\/identity_providers\/ip\/protocols\/openid$/),
      identity_provider: expect.stringMatching(/\/identity_providers\/ip$/),
    },
  })
  expect((await put('openid', { mapping_id: 'mp' })).status).toBe(409)
  expect((await put('other', { mapping_id: 'nothing' })).status).toBe(400)
  expect((await put('other', { mapping_id: 'mp' }, 'identity_providers/nothing/protocols')).status).toBe(404)
  expect((await call('GET', path)).body.protocols).toEqual([made.body.protocol])
  expect((await call('GET', 'identity_providers/nothing/protocols')).status).toBe(404)
  await call('PUT', 'mappings/mq', { mapping: { rules: RULES } })
  const changed = await call('PATCH', `${path}/openid`, {
    protocol: { mapping_id: 'mq', remote_id_attribute: 'iss' },
  })
  expect(changed.body.protocol).toMatchObject({ mapping_id: 'mq', remote_id_attribute: 'iss' })
  expect((await call('GET', `${path}/openid`)).body).toEqual(changed.body)
  expect((await call('PATCH', `${path}/nothing`, { protocol: { mapping_id: 'mq' } })).status).toBe(404)
  expect((await call('DELETE', `${path}/openid`)).status).toBe(204)
  expect((await call('DELETE', `${path}/openid`)).status).toBe(404)
  await put('openid', { mapping_id: 'mp' })
  await call('DELETE', 'identity_providers/ip')
  expect((await call('GET', `${path}/openid`)).status).toBe(404)
})

test('a service provider is created, shown, listed, changed and deleted', async () => {
  const fields = { auth_url: 'https://there/v3/auth', sp_url: 'https://there/sp' }
  const made = await call('PUT', 'service_providers/sp', { service_provider: fields })
  expect(made.status).toBe(201)
  expect(made.body.service_provider).toEqual({
    id: 'sp',
    ...fields,
    enabled: false,
    description: null,
    relay_state_prefix: 'ss:mem:',
    links: { self: expect.stringMatching(/\/service_providers\/sp$/) },
  })
  expect((await call('PUT', 'service_providers/sp', { service_provider: fields })).status).toBe(409)
  expect((await call('PUT', 'service_providers/s2', { service_provider: {} })).status).toBe(400)
  const change = (it: unknown) => call('PATCH', 'service_providers/sp', { service_provider: it })
  expect((await change({ enabled: true })).body.service_provider).toMatchObject({ ...fields, enabled: true })
  expect((await change({ auth_url: 'no url' })).status).toBe(400)
  expect((await call('GET', 'service_providers?enabled=false')).body.service_providers).toEqual([])
  expect((await call('GET', 'service_providers?id=sp')).body.service_providers).toHaveLength(1)
  expect((await call('DELETE', 'service_providers/sp')).status).toBe(204)
  expect((await call('GET', 'service_providers/sp')).status).toBe(404)
})

test('the older place of what one can have a token for', async () => {
  const { headers } = await api.login(w.user)
  const token = String(headers['x-subject-token'])
  for (const kind of ['projects', 'domains']) {
    const old = await api.call('GET', `/v3/OS-FEDERATION/${kind}`, { token })
    expect(old.body[kind]).toHaveLength(1)
    expect(old.body[kind]).toEqual((await api.call('GET', `/v3/auth/${kind}`, { token })).body[kind])
  }
})
