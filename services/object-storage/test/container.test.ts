import { persona } from '@caelum/testkit'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { type Method, type TestApp, testApp } from './app.ts'

let api: TestApp
let user = persona('member')
beforeAll(async () => {
  api = await testApp()
})
beforeEach(() => {
  user = persona('member')
})
afterAll(() => api.close())

test('a container is made, described, changed and deleted', async () => {
  expect((await api.call(user, 'HEAD', '/box')).status).toBe(404)
  const made = await api.call(user, 'PUT', '/box', { headers: { 'x-container-meta-colour': 'red' } })
  expect(made.status).toBe(201)
  expect(made.headers['content-length']).toBe('0')
  const headers = { 'x-container-meta-size': 'big', 'x-container-read': '.r:*, .rlistings' }
  expect((await api.call(user, 'PUT', '/box', { headers })).status).toBe(202)
  const shown = await api.call(user, 'HEAD', '/box')
  expect(shown.status).toBe(204)
  expect(shown.headers).toMatchObject({
    'x-container-object-count': '0',
    'x-container-bytes-used': '0',
    'x-container-meta-colour': 'red',
    'x-container-meta-size': 'big',
    'x-container-read': '.r:*,.rlistings',
    'x-storage-policy': 'Policy-0',
  })
  const policy = { headers: { 'x-storage-policy': 'gold' } }
  expect((await api.call(user, 'PUT', '/gold', policy)).status).toBe(400)
  const removing = {
    'x-remove-container-meta-colour': 'x',
    'x-container-meta-size': '',
    'x-remove-container-read': 'x',
    'x-container-meta-new': 'é'.replace('é', '\xc3\xa9'),
  }
  expect((await api.call(user, 'POST', '/box', { headers: removing })).status).toBe(204)
  const after = (await api.call(user, 'HEAD', '/box')).headers
  for (const name of ['x-container-meta-colour', 'x-container-meta-size', 'x-container-read'])
    expect(after).not.toHaveProperty(name)
  expect(Buffer.from(String(after['x-container-meta-new']), 'latin1').toString()).toBe('é')

  await api.put(user, '/box/o')
  expect((await api.call(user, 'DELETE', '/box')).status).toBe(409)
  await api.call(user, 'DELETE', '/box/o')
  expect((await api.call(user, 'DELETE', '/box/')).status).toBe(204)
  for (const method of ['DELETE', 'GET', 'HEAD', 'POST'] as const)
    expect((await api.call(user, method, '/box')).status).toBe(404)
})

test('a container is never deleted with an object in it', async () => {
  for (let n = 0; n < 10; n++) {
    await api.call(user, 'PUT', '/race')
    const [put, removed] = await Promise.all([api.put(user, '/race/o'), api.call(user, 'DELETE', '/race')])
    const still = (await api.call(user, 'HEAD', '/race')).status
    expect([put.status, removed.status, still]).toEqual(
      removed.status === 204 ? [404, 204, 404] : [201, 409, 204],
    )
    await api.call(user, 'DELETE', '/race/o')
    await api.call(user, 'DELETE', '/race')
  }
})

test('access rules of an application credential name this service as the catalogue does', async () => {
  const limited = (service: string) => {
    const rule: [string, string, string] = [service, 'GET', `/v1/AUTH_${user.projectId}`]
    return persona('member', { projectId: user.projectId, claims: { ac: { id: 'c', n: 'c', ar: [rule] } } })
  }
  expect((await api.call(limited('object-store'), 'GET', '')).status).toBe(204)
  expect((await api.call(limited('object-store'), 'PUT', '/container')).status).toBe(401)
  expect((await api.call(limited('object-storage'), 'GET', '')).status).toBe(401)
})

test('an account is there from the start, counts, and keeps metadata', async () => {
  const empty = await api.call(user, 'HEAD', '')
  expect(empty.status).toBe(204)
  expect(empty.headers).toMatchObject({
    'x-account-container-count': '0',
    'x-account-object-count': '0',
    'x-account-bytes-used': '0',
  })
  expect((await api.call(user, 'GET', '')).status).toBe(204)
  expect((await api.call(user, 'GET', '?format=json')).json).toEqual([])
  const set = await api.call(user, 'POST', '', {
    headers: { 'x-account-meta-a': '1', 'x-account-meta-temp-url-key': 'k' },
  })
  expect(set.status).toBe(204)
  await api.call(user, 'PUT', '/one')
  await api.call(user, 'PUT', '/two')
  await api.put(user, '/two/o', '12345')
  const head = await api.call(user, 'HEAD', '/')
  expect(head.headers).toMatchObject({
    'x-account-container-count': '2',
    'x-account-object-count': '1',
    'x-account-bytes-used': '5',
    'x-account-meta-a': '1',
    'x-account-meta-temp-url-key': 'k',
  })
  const reader = persona('reader', { projectId: user.projectId })
  const seen = (await api.call(reader, 'HEAD', '')).headers
  expect(seen['x-account-meta-a']).toBe('1')
  expect(seen).not.toHaveProperty('x-account-meta-temp-url-key')
  await api.call(user, 'POST', '', { headers: { 'x-remove-account-meta-a': 'x' } })
  expect((await api.call(user, 'HEAD', '')).headers).not.toHaveProperty('x-account-meta-a')
  const listed = (await api.call(user, 'GET', '?format=json')).json
  expect(listed).toEqual([
    { name: 'one', count: 0, bytes: 0, last_modified: expect.stringMatching(/^[\dT:.-]{26}$/) },
    { name: 'two', count: 1, bytes: 5, last_modified: expect.any(String) },
  ])
})

describe('quotas', () => {
  test('of a container', async () => {
    const headers = { 'x-container-meta-quota-bytes': '10', 'x-container-meta-quota-count': '2' }
    await api.call(user, 'PUT', '/box', { headers })
    expect((await api.put(user, '/box/a', '12345678901')).status).toBe(413)
    expect((await api.put(user, '/box/a', '1234567890')).status).toBe(201)
    expect((await api.put(user, '/box/a', '123')).status).toBe(201)
    expect((await api.put(user, '/box/b', '1')).status).toBe(201)
    expect((await api.put(user, '/box/c', '1')).status).toBe(413)
    const wrong = { headers: { 'x-container-meta-quota-bytes': 'much' } }
    expect((await api.call(user, 'POST', '/box', wrong)).status).toBe(400)
  })
  test('of an account, by an administrator', async () => {
    await api.call(user, 'PUT', '/box')
    const limit = { headers: { 'x-account-meta-quota-bytes': '5' }, account: `AUTH_${user.projectId}` }
    expect((await api.call(user, 'POST', '', limit)).status).toBe(403)
    expect((await api.call(persona('admin'), 'POST', '', limit)).status).toBe(204)
    expect((await api.put(user, '/box/a', '123456')).status).toBe(413)
    expect((await api.put(user, '/box/a', '12345')).status).toBe(201)
  })
})

describe('who gets in', () => {
  const all: [Method, string][] = [
    ...(['HEAD', 'GET', 'POST'] as const).map((m): [Method, string] => [m, '']),
    ...(['HEAD', 'GET', 'PUT', 'POST', 'DELETE'] as const).flatMap((m): [Method, string][] => [
      [m, '/box'],
      [m, '/nothing'],
      [m, '/box/o'],
      [m, '/nothing/o'],
    ]),
    ['COPY', '/box/o'],
  ]
  const headers = { destination: 'box/x', 'content-length': '0' }
  beforeEach(async () => {
    await api.call(user, 'PUT', '/box')
    await api.put(user, '/box/o', 'data')
  })
  test('nobody from another project, whether or not it exists', async () => {
    const account = `AUTH_${user.projectId}`
    for (const who of [persona('member'), persona('reader'), persona('service')])
      for (const [method, path] of all) {
        const reply = await api.call(who, method, path, { account, headers })
        expect([method, path, reply.status]).toEqual([method, path, 403])
      }
  })
  test('nobody without a token, or with a bad one', async () => {
    const account = `AUTH_${user.projectId}`
    for (const [method, path] of all) {
      expect((await api.call(null, method, path, { account, headers })).status).toBe(401)
      const forged = { ...headers, 'x-auth-token': `${user.token.slice(0, -4)}AAAA` }
      expect((await api.call(null, method, path, { account, headers: forged })).status).toBe(401)
    }
  })
  test('a reader of the project reads and does not write', async () => {
    const reader = persona('reader', { projectId: user.projectId })
    for (const [method, path] of all.filter(([, path]) => !path.startsWith('/nothing'))) {
      const { status } = await api.call(reader, method, path, { headers })
      expect([method, path, status < 300]).toEqual([method, path, method === 'GET' || method === 'HEAD'])
    }
  })
  test('X-Storage-Token is a token too', async () => {
    const reply = await api.call(null, 'GET', '/box/o', {
      account: `AUTH_${user.projectId}`,
      headers: { 'x-storage-token': user.token },
    })
    expect(reply.text).toBe('data')
  })
  test('an account of another form is nobody’s', async () => {
    for (const account of ['AUTH_', user.projectId, `auth_${user.projectId}`, 'x'.repeat(300)])
      expect((await api.call(user, 'GET', '', { account })).status).toBe(403)
    expect((await api.call(persona('admin'), 'GET', '', { account: 'AUTH_' })).status).toBe(403)
  })
})

describe('ACLs', () => {
  const account = () => ({ account: `AUTH_${user.projectId}` })
  const grant = (headers: Record<string, string>) => api.call(user, 'POST', '/box', { headers })
  beforeEach(async () => {
    await api.call(user, 'PUT', '/box')
    await api.put(user, '/box/o', 'data')
  })
  test('reading is granted to a project or a user, and not writing', async () => {
    const friend = persona('reader')
    for (const acl of [
      `${friend.projectId}:*`,
      `*:${friend.userId}`,
      `x:y,${friend.projectId}:${friend.userId}`,
      '*:*',
    ]) {
      await grant({ 'x-container-read': acl })
      expect((await api.call(friend, 'GET', '/box/o', account())).text).toBe('data')
      expect((await api.call(friend, 'GET', '/box', account())).lines).toEqual(['o'])
      const head = await api.call(friend, 'HEAD', '/box', account())
      expect(head.status).toBe(204)
      expect(head.headers).not.toHaveProperty('x-container-read')
      expect((await api.call(friend, 'DELETE', '/box/o', account())).status).toBe(403)
      expect((await api.call(friend, 'POST', '/box', account())).status).toBe(403)
    }
    for (const acl of [`${friend.projectId}:other`, `other:${friend.userId}`, '.r:example.org', 'member']) {
      await grant({ 'x-container-read': acl })
      expect((await api.call(friend, 'GET', '/box/o', account())).status).toBe(403)
    }
  })
  test('writing is granted apart from reading', async () => {
    const friend = persona('member')
    await grant({ 'x-container-write': `${friend.projectId}:*` })
    const put = { ...account(), body: 'x', headers: { 'content-type': 'text/plain' } }
    expect((await api.call(friend, 'PUT', '/box/new', put)).status).toBe(201)
    expect((await api.call(friend, 'DELETE', '/box/o', account())).status).toBe(204)
    expect((await api.call(friend, 'GET', '/box/new', account())).status).toBe(403)
    expect((await api.call(friend, 'PUT', '/box', account())).status).toBe(403)
    expect((await api.call(friend, 'DELETE', '/box', account())).status).toBe(403)
  })
  test('the world reads by referer, and lists only when told', async () => {
    await grant({ 'x-container-read': '.r:*' })
    expect((await api.call(null, 'GET', '/box/o', account())).text).toBe('data')
    expect((await api.call(null, 'HEAD', '/box/o', account())).status).toBe(200)
    expect((await api.call(null, 'GET', '/box', account())).status).toBe(401)
    expect((await api.call(null, 'PUT', '/box/x', { ...account(), body: 'x' })).status).toBe(401)
    await grant({ 'x-container-read': '.r:*,.rlistings' })
    expect((await api.call(null, 'GET', '/box', account())).lines).toEqual(['o'])
    await grant({ 'x-container-read': '.r:*,.r:-.thief.org,.r:good.thief.org' })
    const from = async (referer: string) =>
      (await api.call(null, 'GET', '/box/o', { ...account(), headers: { referer } })).status
    expect(await from('http://a.thief.org/x')).toBe(401)
    expect(await from('http://good.thief.org/x')).toBe(200)
    expect(await from('nonsense')).toBe(200)
  })
  test.each([
    { 'x-container-read': '.x:*' },
    { 'x-container-read': '.r:' },
    { 'x-container-read': '.r:-' },
    { 'x-container-write': '.r:*' },
  ])('%j makes no sense', async headers => {
    expect((await grant(headers as unknown as Record<string, string>)).status).toBe(400)
  })
})

test.each([
  ['a name too long', '/'.concat('x'.repeat(257)), 400],
  ['a slash in the name', '/a%2Fb', 412],
  ['no UTF-8', '/%ff', 400],
])('%s is refused', async (_what, path, status) => {
  for (const method of ['PUT', 'GET', 'POST', 'DELETE', 'HEAD'] as const)
    expect((await api.call(user, method, path)).status).toBe(status)
})
test('a name of 256 bytes is taken', async () => {
  const path = `/${encodeURIComponent('漢'.repeat(85))}x`
  expect((await api.call(user, 'PUT', path)).status).toBe(201)
  expect((await api.call(user, 'HEAD', path)).status).toBe(204)
})

test('what this object storage can do is told to everybody', async () => {
  const reply = await api.app.inject('/info')
  expect(reply.statusCode).toBe(200)
  expect(reply.json()).toMatchObject({ swift: { max_file_size: 8 << 20, max_object_name_length: 1024 } })
  expect((await api.app.inject('/v1')).statusCode).toBe(404)
})
