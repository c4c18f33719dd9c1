import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { type TestApp, testApp } from './app.ts'
import { type Persona, type Personas, personas } from './personas.ts'

let api: TestApp
let p: Personas
let domain: string
beforeAll(async () => {
  api = await testApp()
  p = await personas(api)
  domain = p.home.domain
})
afterAll(() => api.close())

type Method = 'GET' | 'PATCH' | 'DELETE' | 'PUT' | 'HEAD'
const call = (method: Method, path = '', config?: unknown, token = p.admin) =>
  api.call(method, `/v3/domains/${domain}/config${path}`, { token, ...(config ? { body: { config } } : {}) })
const LDAP = { url: 'ldaps://dir', user_tree_dn: 'ou=people', page_size: 5, use_tls: false }

beforeEach(async () => {
  await call('DELETE')
})

test('is made, shown whole and in part, and replaced', async () => {
  expect((await call('GET')).status).toBe(404)
  const made = await call('PUT', '', { identity: { driver: 'ldap' }, ldap: LDAP })
  expect(made.status).toBe(201)
  expect(made.body).toEqual({ config: { identity: { driver: 'ldap' }, ldap: LDAP } })
  expect((await call('GET')).body).toEqual(made.body)
  expect((await call('HEAD')).status).toBe(200)
  expect((await call('GET', '/ldap')).body).toEqual({ config: { ldap: LDAP } })
  expect((await call('GET', '/ldap/url')).body).toEqual({ config: { url: 'ldaps://dir' } })
  expect((await call('GET', '/ldap/user')).status).toBe(404)
  const again = await call('PUT', '', { ldap: { url: 'ldap://other' } })
  expect(again.status).toBe(200)
  expect((await call('GET')).body).toEqual({ config: { ldap: { url: 'ldap://other' } } })
})

test('is changed option by option', async () => {
  await call('PUT', '', { ldap: LDAP })
  const merged = await call('PATCH', '', { identity: { driver: 'ldap' }, ldap: { url: 'ldap://new' } })
  expect(merged.body).toEqual({
    config: { identity: { driver: 'ldap' }, ldap: { ...LDAP, url: 'ldap://new' } },
  })
  expect((await call('PATCH', '/ldap', { ldap: { page_size: 9 } })).body.config.ldap.page_size).toBe(9)
  expect((await call('PATCH', '/ldap/url', { url: 'ldap://third' })).body.config.ldap.url).toBe(
    'ldap://third',
  )
  expect((await call('PATCH', '/ldap/suffix', { suffix: 'x' })).status).toBe(404)
  expect((await call('PATCH', '/ldap', { identity: { driver: 'x' } })).status).toBe(403)
  expect((await call('PATCH', '/ldap/url', { user: 'x' })).status).toBe(403)
  expect((await call('DELETE', '/ldap/url')).status).toBe(204)
  expect((await call('GET', '/ldap')).body.config.ldap).not.toHaveProperty('url')
  expect((await call('DELETE', '/identity')).status).toBe(204)
  expect((await call('DELETE', '/identity')).status).toBe(404)
  expect((await call('PATCH', '/identity', { identity: { driver: 'x' } })).status).toBe(404)
  expect((await call('DELETE')).status).toBe(204)
  expect((await call('GET')).status).toBe(404)
})

test('holds what may be configured, and nothing else', async () => {
  for (const config of [
    { ldap: { password_file: 'x' } },
    { database: { connection: 'x' } },
    { constructor: { name: 'x' } },
    { ldap: {} },
    { security_compliance: { password_regex: 'x' } },
  ])
    expect((await call('PUT', '', config)).status).toBe(403)
  expect((await call('PUT', '', { ldap: { url: { deep: 1 } } })).status).toBe(400)
  expect((await call('GET', '/database')).status).toBe(403)
  expect((await call('GET', '/ldap/unknown')).status).toBe(403)
  const nowhere = await api.call('GET', '/v3/domains/nowhere/config', { token: p.admin })
  expect(nowhere.status).toBe(404)
})

test('keeps the password of a directory to itself, and sealed', async () => {
  const made = await call('PUT', '', { ldap: { url: 'ldap://x', password: 'hush-hush' } })
  expect(made.body).toEqual({ config: { ldap: { url: 'ldap://x' } } })
  const changed = await call('PATCH', '/ldap/password', { password: 'hush-again' })
  expect(changed.body).toEqual({ config: { ldap: { url: 'ldap://x' } } })
  expect((await call('GET', '/ldap/password')).status).toBe(404)
  expect((await call('GET', '/ldap')).text).not.toContain('hush')
  const rows = await api.deps.db.domainOption.findMany({ where: { domain_id: domain } })
  expect(rows).toHaveLength(2)
  for (const row of rows) expect(Buffer.from(row.sealed ?? '').toString('latin1')).not.toContain('hush')
  expect(JSON.stringify(rows.map(row => row.value))).not.toContain('hush')
  expect((await call('DELETE', '/ldap/password')).status).toBe(204)
  expect(await api.deps.db.domainOption.count({ where: { domain_id: domain } })).toBe(1)
})

test('what counts where a domain says nothing', async () => {
  const get = (path: string) => api.call('GET', `/v3/domains/config${path}/default`, { token: p.admin })
  expect((await get('')).body.config.ldap.user_objectclass).toBe('inetOrgPerson')
  expect((await get('/identity')).body.config).toEqual({ identity: { driver: 'sql', list_limit: null } })
  expect((await get('/ldap/group_member_attribute')).body.config).toEqual({
    group_member_attribute: 'member',
  })
  expect((await get('/ldap/password')).status).toBe(403)
  expect((await get('/database')).status).toBe(403)
})

test('is the administrators’ matter, but for the rules of passwords', async () => {
  await call('PUT', '', { ldap: LDAP })
  const status = async (persona: Persona, method: Method, path: string, config?: unknown) =>
    (await call(method, path, config, p.token(persona))).status
  for (const path of ['', '/ldap', '/ldap/url']) {
    expect(await status('system reader', 'GET', path)).toBe(200)
    for (const persona of ['domain admin', 'domain manager', 'project reader', 'nobody'] as const)
      expect(await status(persona, 'GET', path)).toBe(403)
  }
  expect(await status('system reader', 'PATCH', '', { ldap: LDAP })).toBe(403)
  expect(await status('domain admin', 'DELETE', '')).toBe(403)
  const rules = await api.call('GET', '/v3/domains/default/config/security_compliance', {
    token: p.token('nobody'),
  })
  expect(rules.body).toEqual({
    config: { security_compliance: { password_regex: null, password_regex_description: null } },
  })
  expect(await status('nobody', 'GET', '/security_compliance')).toBe(403)
})
