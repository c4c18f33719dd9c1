import { persona } from '@caelum/testkit'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { sshFingerprint } from '../src/resources/keypair/public-key.ts'
import { type TestApp, testApp } from './app.ts'

const KEY =
  'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIBTvGwv2gd5u3GFpPbBz0DsSsSPEoRjjyFW6DxSl8rCp someone@somewhere'

let api: TestApp
beforeAll(async () => {
  api = await testApp()
})
afterAll(() => api.close())

const named = (name: string, more = {}) => ({ body: { keypair: { name, public_key: KEY, ...more } } })

test('a key pair is imported, listed, shown and deleted', async () => {
  const user = persona('member')
  const created = await api.call(user, 'POST', '/os-keypairs', named('mine'))
  expect(created.status).toBe(200)
  expect(created.body.keypair).toMatchObject({ name: 'mine', public_key: KEY, user_id: user.userId })
  expect(created.body.keypair.fingerprint).toMatch(/^([0-9a-f]{2}:){15}[0-9a-f]{2}$/)
  expect(created.body.keypair).not.toHaveProperty('private_key')

  const listed = await api.call(user, 'GET', '/os-keypairs')
  expect(listed.body.keypairs.map((k: { keypair: { name: string } }) => k.keypair.name)).toEqual(['mine'])

  const shown = await api.call(user, 'GET', '/os-keypairs/mine')
  expect(shown.body.keypair).toMatchObject({ name: 'mine', deleted: false })

  expect((await api.call(user, 'DELETE', '/os-keypairs/mine')).status).toBe(202)
  expect((await api.call(user, 'GET', '/os-keypairs/mine')).status).toBe(404)
})

test('without a public key one is made, and its private half is shown once', async () => {
  const user = persona('member')
  const { body } = await api.call(user, 'POST', '/os-keypairs', { body: { keypair: { name: 'made' } } })
  expect(body.keypair.private_key).toContain('BEGIN RSA PRIVATE KEY')
  expect(sshFingerprint(body.keypair.public_key)).toBe(body.keypair.fingerprint)
  const shown = await api.call(user, 'GET', '/os-keypairs/made')
  expect(shown.body.keypair).not.toHaveProperty('private_key')
})

test('a name is taken once per user, and users do not see each other', async () => {
  const [one, other] = [persona('member'), persona('member')]
  await api.call(one, 'POST', '/os-keypairs', named('same'))
  const again = await api.call(one, 'POST', '/os-keypairs', named('same'))
  expect(again.status).toBe(409)
  expect(again.body.conflictingRequest.message).toContain("'same' already exists")
  expect((await api.call(other, 'POST', '/os-keypairs', named('same'))).status).toBe(200)
  expect((await api.call(other, 'DELETE', '/os-keypairs/same')).status).toBe(202)
  expect((await api.call(one, 'GET', '/os-keypairs/same')).status).toBe(200)
})

test('an administrator acts for another user from 2.10 on; nobody else does', async () => {
  const [admin, user] = [persona('admin'), persona('member')]
  await api.call(user, 'POST', '/os-keypairs', named('theirs'))
  const url = `/os-keypairs/theirs?user_id=${user.userId}`
  expect((await api.call(admin, 'GET', url, { microversion: '2.10' })).status).toBe(200)
  expect((await api.call(admin, 'GET', url, { microversion: '2.9' })).status).toBe(404)
  expect((await api.call(persona('member'), 'GET', url, { microversion: '2.10' })).status).toBe(403)
})

test('the quota is the limit, also when many come at once', async () => {
  const user = persona('member')
  await api.deps.db.quota.create({ data: { project_id: user.projectId, resource: 'key_pairs', limit: 3 } })
  const replies = await Promise.all(
    ['a', 'b', 'c', 'd', 'e'].map(name => api.call(user, 'POST', '/os-keypairs', named(name))),
  )
  expect(replies.filter(reply => reply.status === 200)).toHaveLength(3)
  const refused = replies.find(reply => reply.status === 403)
  expect(refused?.body.forbidden.message).toContain('Quota exceeded, too many key pairs')
})

test('pages follow each other by name from 2.35 on', async () => {
  const user = persona('member')
  for (const name of ['a', 'b', 'c']) await api.call(user, 'POST', '/os-keypairs', named(name))
  const first = await api.call(user, 'GET', '/os-keypairs?limit=2', { microversion: '2.35' })
  expect(first.body.keypairs).toHaveLength(2)
  const next = new URL(first.body.keypairs_links[0].href)
  const second = await api.call(user, 'GET', `${next.pathname.slice(5)}${next.search}`, {
    microversion: '2.35',
  })
  expect(second.body.keypairs.map((k: { keypair: { name: string } }) => k.keypair.name)).toEqual(['c'])
  expect(second.body).not.toHaveProperty('keypairs_links')
})

describe('gates', () => {
  const user = persona('member')
  test.each([
    { step: '2.1', field: 'type', there: false },
    { step: '2.2', field: 'type', there: true },
  ])('$step: answers hold $field: $there', async ({ step, field, there }) => {
    const { body } = await api.call(user, 'POST', '/os-keypairs', {
      ...named(`k${step.slice(2)}`),
      microversion: step,
    })
    expect(field in body.keypair).toBe(there)
  })
  test.each([
    { step: '2.1', create: 200, remove: 202 },
    { step: '2.2', create: 201, remove: 204 },
  ])('$step: statuses $create and $remove', async ({ step, create, remove }) => {
    const options = { ...named(`s${step.slice(2)}`), microversion: step }
    expect((await api.call(user, 'POST', '/os-keypairs', options)).status).toBe(create)
    expect(
      (await api.call(user, 'DELETE', `/os-keypairs/s${step.slice(2)}`, { microversion: step })).status,
    ).toBe(remove)
  })
  test('2.92: a public key must be given, and names may hold @ and .', async () => {
    const at = (microversion: string, keypair: object) =>
      api.call(user, 'POST', '/os-keypairs', { microversion, body: { keypair } })
    expect((await at('2.92', { name: 'none' })).status).toBe(400)
    expect((await at('2.91', { name: 'a@b.c', public_key: KEY })).status).toBe(400)
    expect((await at('2.92', { name: 'a@b.c', public_key: KEY })).status).toBe(201)
  })
  test('2.75: unknown query parameters are refused', async () => {
    expect((await api.call(user, 'GET', '/os-keypairs?x=1', { microversion: '2.74' })).status).toBe(200)
    expect((await api.call(user, 'GET', '/os-keypairs?x=1', { microversion: '2.75' })).status).toBe(400)
  })
})

describe('bad input is refused in the words of the API', () => {
  const user = persona('member')
  test.each([
    ['no body', undefined],
    ['not JSON', '{'],
    ['no keypair', {}],
    ['a list', []],
    ['an unknown field', { keypair: { name: 'x', public_key: KEY, colour: 'red' } }],
    ['an empty name', { keypair: { name: '', public_key: KEY } }],
    ['a name with slashes', { keypair: { name: '../../etc', public_key: KEY } }],
    ['a name too long', { keypair: { name: 'x'.repeat(256), public_key: KEY } }],
    ['a number for a key', { keypair: { name: 'x', public_key: 7 } }],
    ['something that is no key', { keypair: { name: 'x', public_key: 'ssh-rsa AAAA' } }],
  ])('%s', async (_what, body) => {
    const reply = await api.call(user, 'POST', '/os-keypairs', body === undefined ? {} : { body })
    expect(reply.status).toBe(400)
    expect(reply.body.badRequest).toMatchObject({ code: 400 })
  })
  test('a body that is too large', async () => {
    const body = { keypair: { name: 'x', public_key: 'x'.repeat(300_000) } }
    expect((await api.call(user, 'POST', '/os-keypairs', { body })).status).toBe(413)
  })
})

test('nobody gets in without a good token', async () => {
  const forged = { headers: { 'x-auth-token': `${persona('admin').token.slice(0, -4)}AAAA` } }
  for (const options of [{}, forged]) {
    const reply = await api.call(null, 'GET', '/os-keypairs', options)
    expect(reply.status).toBe(401)
    expect(reply.headers['www-authenticate']).toContain('Keystone uri=')
  }
})

describe('versions', () => {
  test('the list starts with v2.0 and every link can be followed', async () => {
    const { versions } = (await api.app.inject('/')).json()
    expect(versions[0].id).toBe('v2.0')
    for (const version of versions) {
      const link = new URL(version.links[0].href)
      expect((await api.app.inject(link.pathname)).statusCode).toBe(200)
    }
  })
  test('both headers are answered, and a version outside the range is refused with its limits', async () => {
    const user = persona('member')
    const good = await api.call(user, 'GET', '/os-keypairs', { microversion: '2.35' })
    expect(good.headers['openstack-api-version']).toBe('compute 2.35')
    expect(good.headers['x-openstack-nova-api-version']).toBe('2.35')
    const bad = await api.call(user, 'GET', '/os-keypairs', { microversion: '2.9999' })
    expect(bad.status).toBe(406)
    expect(bad.body.computeFault.message).toContain('Minimum is 2.1')
    expect((await api.call(user, 'GET', '/os-keypairs', { microversion: 'latest' })).status).toBe(200)
  })
})
