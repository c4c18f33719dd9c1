import { persona } from '@caelum/testkit'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type TestApp, testApp } from './app.ts'

let api: TestApp
beforeAll(async () => {
  api = await testApp()
})
afterAll(() => api.close())

test('an image is registered, shown, changed and deleted', async () => {
  const user = persona('member')
  const created = await api.call(user, 'POST', '/v2/images', {
    body: {
      name: 'debian',
      disk_format: 'qcow2',
      container_format: 'bare',
      min_ram: 64,
      hw_cpu: 'x',
      tags: ['a', 'a'],
    },
  })
  expect(created.status).toBe(201)
  expect(created.headers.location).toMatch(new RegExp(`/v2/images/${created.body.id}$`))
  expect(created.body).toMatchObject({
    name: 'debian',
    status: 'queued',
    visibility: 'shared',
    owner: user.projectId,
    min_ram: 64,
    min_disk: 0,
    hw_cpu: 'x',
    tags: ['a'],
    protected: false,
    os_hidden: false,
    size: null,
    virtual_size: null,
    checksum: null,
    os_hash_algo: null,
    os_hash_value: null,
    self: `/v2/images/${created.body.id}`,
    file: `/v2/images/${created.body.id}/file`,
    schema: '/v2/schemas/image',
  })
  const url = `/v2/images/${created.body.id}`
  expect((await api.call(user, 'GET', url)).body).toEqual(created.body)

  const changed = await api.patch(user, created.body.id, [
    { op: 'replace', path: '/name', value: 'trixie' },
    { op: 'add', path: '/os~1distro', value: 'debian' },
    { op: 'remove', path: '/hw_cpu' },
    { op: 'replace', path: '/protected', value: true },
  ])
  expect(changed.status).toBe(200)
  expect(changed.body).toMatchObject({ name: 'trixie', 'os/distro': 'debian', protected: true })
  expect(changed.body).not.toHaveProperty('hw_cpu')

  const kept = await api.call(user, 'DELETE', url)
  expect(kept.status).toBe(403)
  expect(kept.body).toContain('is protected')
  await api.patch(user, created.body.id, [{ op: 'replace', path: '/protected', value: false }])
  expect((await api.call(user, 'DELETE', url)).status).toBe(204)
  expect((await api.call(user, 'GET', url)).status).toBe(404)
  expect((await api.call(user, 'DELETE', url)).status).toBe(404)
})

test('a property may have a name that JavaScript uses itself, but for one', async () => {
  const user = persona('member')
  const { id } = await api.create(user, { constructor: 'a', toString: 'b' })
  expect((await api.patch(user, id, [{ op: 'add', path: '/valueOf', value: 'c' }])).status).toBe(200)
  const shown = (await api.call(user, 'GET', `/v2/images/${id}`)).body
  expect(shown).toMatchObject({ constructor: 'a', toString: 'b', valueOf: 'c' })
  expect((await api.patch(user, id, [{ op: 'add', path: '/__proto__', value: 'd' }])).status).toBe(403)
})

test('a client may choose the id, once for ever', async () => {
  const user = persona('member')
  const id = crypto.randomUUID()
  expect((await api.create(user, { id })).id).toBe(id)
  const again = () => api.call(user, 'POST', '/v2/images', { body: { id } })
  expect((await again()).status).toBe(409)
  await api.call(user, 'DELETE', `/v2/images/${id}`)
  expect((await again()).status).toBe(409)
})

describe('who sees and changes what', () => {
  const [owner, other, admin, service, reader] = [
    persona('member'),
    persona('member'),
    persona('admin'),
    persona('service'),
    persona('reader'),
  ]
  test.each([
    { visibility: 'private', seen: 404 },
    { visibility: 'shared', seen: 404 },
    { visibility: 'community', seen: 200 },
    { visibility: 'public', seen: 200 },
  ])('$visibility', async ({ visibility, seen }) => {
    const { id } = await api.create(owner)
    const shown = await api.patch(admin, id, [{ op: 'replace', path: '/visibility', value: visibility }])
    expect(shown.body.visibility).toBe(visibility)
    const url = `/v2/images/${id}`
    for (const who of [other, reader]) expect((await api.call(who, 'GET', url)).status).toBe(seen)
    for (const who of [owner, admin, service]) expect((await api.call(who, 'GET', url)).status).toBe(200)
    const denied = seen === 200 ? 403 : 404
    const change = [{ op: 'replace', path: '/name', value: 'x' }]
    expect((await api.patch(other, id, change)).status).toBe(denied)
    expect((await api.call(other, 'DELETE', url)).status).toBe(denied)
    expect((await api.upload(other, id, Buffer.from('x'))).status).toBe(denied)
    expect((await api.call(other, 'PUT', `${url}/tags/x`)).status).toBe(denied)
    expect((await api.call(other, 'DELETE', `${url}/tags/x`)).status).toBe(denied)
    expect((await api.call(other, 'POST', `${url}/actions/deactivate`)).status).toBe(denied)
    expect((await api.call(other, 'POST', `${url}/actions/reactivate`)).status).toBe(denied)
    expect((await api.call(other, 'POST', `${url}/members`, { body: { member: 'x' } })).status).toBe(
      visibility === 'shared' ? 404 : denied,
    )
    for (const who of [service, persona('reader', { projectId: owner.projectId })]) {
      expect((await api.patch(who, id, change)).status).toBe(403)
      expect((await api.call(who, 'DELETE', url)).status).toBe(403)
    }
  })

  test('only an administrator makes an image public, or gives it to another project', async () => {
    expect((await api.call(owner, 'POST', '/v2/images', { body: { visibility: 'public' } })).status).toBe(403)
    expect((await api.call(owner, 'POST', '/v2/images', { body: { owner: other.projectId } })).status).toBe(
      403,
    )
    const { id } = await api.create(owner)
    const publish = [{ op: 'replace', path: '/visibility', value: 'public' }]
    const give = [{ op: 'replace', path: '/owner', value: other.projectId }]
    expect((await api.patch(owner, id, publish)).status).toBe(403)
    expect((await api.patch(owner, id, give)).status).toBe(403)
    expect((await api.patch(admin, id, publish)).status).toBe(200)
    expect((await api.patch(admin, id, give)).body.owner).toBe(other.projectId)
    expect((await api.call(reader, 'POST', '/v2/images', { body: {} })).status).toBe(403)
  })

  test('nobody gets in without a good token', async () => {
    const reply = await api.call(null, 'GET', '/v2/images')
    expect(reply.status).toBe(401)
    expect(reply.headers['www-authenticate']).toContain('Keystone uri=')
    expect(reply.headers['content-type']).toContain('text/html')
  })
})

describe('the two dialects of PATCH', () => {
  const user = persona('member')
  let id: string
  beforeAll(async () => {
    id = (await api.create(user)).id
  })
  test.each([
    ['v2.1', [{ op: 'add', path: '/name', value: 'n' }], 200],
    ['v2.1', [{ op: 'replace', path: '/missing', value: 'n' }], 409],
    ['v2.1', [{ op: 'remove', path: '/missing' }], 409],
    ['v2.1', [{ op: 'remove', path: '/name' }], 403],
    ['v2.1', [{ op: 'replace', path: '/status', value: 'active' }], 403],
    ['v2.1', [{ op: 'replace', path: '/id', value: 'x' }], 403],
    ['v2.1', [{ op: 'add', path: '/os_glance_x', value: 'x' }], 403],
    ['v2.1', [{ op: 'add', path: '/locations/-', value: {} }], 403],
    ['v2.1', [{ op: 'move', path: '/name', value: 'x' }], 400],
    ['v2.1', [{ op: 'add', path: 'name', value: 'x' }], 400],
    ['v2.1', [{ op: 'add', path: '/', value: 'x' }], 400],
    ['v2.1', [{ op: 'add', path: '/a/b', value: 'x' }], 400],
    ['v2.1', [{ op: 'add', path: '/a~2', value: 'x' }], 400],
    ['v2.1', [{ op: 'add', path: '/a' }], 400],
    ['v2.1', [{ op: 'add', path: '/a', value: 7 }], 400],
    ['v2.1', [{ op: 'add', path: '/a', value: 'nul \0' }], 400],
    ['v2.1', [{ op: 'replace', path: '/min_ram', value: -1 }], 400],
    ['v2.1', [{ op: 'replace', path: '/min_ram', value: 2 ** 31 }], 400],
    ['v2.1', [{ op: 'replace', path: '/visibility', value: 'all' }], 400],
    ['v2.1', [{ op: 'replace', path: '/tags', value: ['a', 7] }], 400],
    ['v2.1', { op: 'add' }, 400],
    ['v2.1', [7], 400],
    ['v2.1', [], 200],
    ['v2.0', [{ replace: '/name', value: 'n' }], 200],
    ['v2.0', [{ add: '/fresh', value: 'n' }], 200],
    ['v2.0', [{ add: '/fresh', value: 'n' }], 409],
    ['v2.0', [{ add: '/name', value: 'n' }], 409],
    ['v2.0', [{ add: '/a', remove: '/b' }], 400],
    ['v9', [], 415],
  ])('%s %j: %i', async (type, changes, status) => {
    expect((await api.patch(user, id, changes, type)).status).toBe(status)
  })
})

describe('bad input is refused', () => {
  const user = persona('member')
  test.each([
    ['not JSON', '{', 400],
    ['a list', [], 400],
    ['a bad id', { id: 'x' }, 400],
    ['a name too long', { name: 'x'.repeat(256) }, 400],
    ['NUL in a name', { name: 'a\0' }, 400],
    ['half a character', { name: '\ud800' }, 400],
    ['half a character in a property', { p: '\ud800' }, 400],
    ['NUL in the name of a property', { 'a\0': 'x' }, 400],
    ['a property that is no text', { p: 7 }, 400],
    ['a property name too long', { ['x'.repeat(256)]: 'x' }, 400],
    ['an unknown format', { disk_format: 'floppy' }, 400],
    ['a negative size', { min_disk: -1 }, 400],
    ['a status', { status: 'active' }, 403],
    ['a checksum', { checksum: 'x' }, 403],
    ['locations', { locations: [] }, 403],
    ['something reserved', { os_glance_x: 'x' }, 403],
    ['deleted', { deleted: 'x' }, 403],
    ['too many properties', Object.fromEntries(Array.from({ length: 129 }, (_, i) => [`p${i}`, 'x'])), 413],
    ['too many tags', { tags: Array.from({ length: 129 }, (_, i) => `t${i}`) }, 413],
  ])('%s', async (_what, body, status) => {
    const options =
      typeof body === 'string' ? { body, headers: { 'content-type': 'application/json' } } : { body }
    const reply = await api.call(user, 'POST', '/v2/images', options)
    expect(reply.status).toBe(status)
    expect(reply.headers['content-type']).toContain('text/html')
  })

  test.each(['x', '0'.repeat(36), "'; drop table images; --", '%F0%9F%98%80'])(
    'the id %s is nobody',
    async id => {
      for (const [method, tail] of [
        ['GET', ''],
        ['DELETE', ''],
        ['GET', '/file'],
        ['GET', '/members'],
        ['POST', '/actions/deactivate'],
        ['PUT', '/tags/x'],
      ] as const)
        expect((await api.call(user, method, `/v2/images/${id}${tail}`)).status).toBe(404)
    },
  )

  test('a body that is too large', async () => {
    const body = { name: 'x', p: 'x'.repeat(300_000) }
    expect((await api.call(user, 'POST', '/v2/images', { body })).status).toBe(413)
  })
})

test('tags are added, filtered by and removed', async () => {
  const user = persona('member')
  const { id } = await api.create(user)
  const url = `/v2/images/${id}/tags/${encodeURIComponent('tag / é')}`
  expect((await api.call(user, 'PUT', url)).status).toBe(204)
  expect((await api.call(user, 'PUT', url)).status).toBe(204)
  expect((await api.call(user, 'GET', `/v2/images/${id}`)).body.tags).toEqual(['tag / é'])
  expect((await api.call(user, 'DELETE', url)).status).toBe(204)
  expect((await api.call(user, 'DELETE', url)).status).toBe(404)
  expect((await api.call(user, 'PUT', `/v2/images/${id}/tags/${'x'.repeat(256)}`)).status).toBe(400)
})

test('a project has a number of images', async () => {
  const small = await testApp({ quotaCount: 2 })
  try {
    const user = persona('member')
    await small.create(user)
    await small.create(user)
    expect((await small.call(user, 'POST', '/v2/images', { body: {} })).status).toBe(413)
    const { usage } = (await small.call(user, 'GET', '/v2/info/usage')).body
    expect(usage.image_count_total).toEqual({ usage: 2, limit: 2 })
    expect((await small.call(persona('member'), 'POST', '/v2/images', { body: {} })).status).toBe(201)
  } finally {
    await small.close()
  }
})

describe('discovery', () => {
  test('versions are a choice at / and a list at /versions', async () => {
    const choice = await api.call(null, 'GET', '/')
    expect(choice.status).toBe(300)
    expect(choice.body.versions[0]).toMatchObject({ id: 'v2.9', status: 'CURRENT' })
    const list = await api.call(null, 'GET', '/versions')
    expect(list.status).toBe(200)
    expect(list.body).toEqual(choice.body)
  })
  test('schemas, import methods and stores', async () => {
    const user = persona('reader')
    for (const name of ['image', 'images', 'member', 'members'])
      expect((await api.call(user, 'GET', `/v2/schemas/${name}`)).body.name).toBe(name)
    expect((await api.call(user, 'GET', '/v2/info/import')).body['import-methods'].value).toEqual([])
    expect((await api.call(user, 'GET', '/v2/info/stores')).body.stores[0].id).toBe('file')
  })
  test('what is not there is said so', async () => {
    expect((await api.call(persona('member'), 'GET', '/v2/nothing')).status).toBe(404)
    for (const method of ['GET', 'DELETE'] as const)
      expect((await api.call(persona('member'), method, '/v2/images/')).status).toBe(404)
    const wrong = await api.call(persona('member'), 'PUT', '/v2/images')
    expect(wrong.status).toBe(405)
    expect(wrong.headers.allow).toContain('GET')
  })
})
