import { persona } from '@caelum/testkit'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type TestApp, testApp } from './app.ts'

let api: TestApp
const admin = persona('admin')
beforeAll(async () => {
  api = await testApp()
})
afterAll(() => api.close())

const flavor = (id: string, more = {}) => ({
  body: { flavor: { name: `flavor-${id}`, id, ram: 64, vcpus: 1, disk: 0, ...more } },
})
const make = (id: string, more = {}, microversion = '2.1') =>
  api.call(admin, 'POST', '/flavors', { ...flavor(id, more), microversion })
const ids = (body: { flavors: { id: string }[] }) => body.flavors.map(f => f.id)

test('a new cloud has four flavors, and one that was deleted stays deleted', async () => {
  const before = await api.call(persona('reader'), 'GET', '/flavors/detail')
  expect(before.body.flavors.map((f: { name: string; ram: number }) => [f.name, f.ram])).toEqual([
    ['m1.tiny', 128],
    ['m1.small', 512],
    ['m1.medium', 2_048],
    ['m1.large', 4_096],
  ])
  expect((await api.call(admin, 'DELETE', '/flavors/1')).status).toBe(202)
  expect((await api.call(admin, 'GET', '/flavors/1')).status).toBe(404)
  expect((await api.call(admin, 'DELETE', '/flavors/1')).status).toBe(404)
})

test('an administrator makes a flavor, everybody sees it, nobody else changes it', async () => {
  const created = await make('a1', { swap: '512', 'OS-FLV-EXT-DATA:ephemeral': 3, rxtx_factor: 2.5 })
  expect(created.status).toBe(200)
  const member = persona('member')
  const shown = await api.call(member, 'GET', '/flavors/a1')
  expect(shown.body).toEqual(created.body)
  expect(shown.body.flavor).toEqual({
    id: 'a1',
    name: 'flavor-a1',
    ram: 64,
    vcpus: 1,
    disk: 0,
    swap: 512,
    'OS-FLV-EXT-DATA:ephemeral': 3,
    'OS-FLV-DISABLED:disabled': false,
    'os-flavor-access:is_public': true,
    rxtx_factor: 2.5,
    links: [
      { rel: 'self', href: expect.stringMatching(/\/v2\.1\/flavors\/a1$/) },
      { rel: 'bookmark', href: expect.stringMatching(/[^1]\/flavors\/a1$/) },
    ],
  })
  for (const [method, url] of [
    ['POST', '/flavors'],
    ['DELETE', '/flavors/a1'],
    ['POST', '/flavors/a1/action'],
    ['GET', '/flavors/a1/os-flavor-access'],
    ['POST', '/flavors/a1/os-extra_specs'],
    ['DELETE', '/flavors/a1/os-extra_specs/x'],
  ] as const)
    expect((await api.call(member, method, url, flavor('a2'))).status).toBe(403)
})

test('an id is made when none is given; names and ids are taken once', async () => {
  const { body } = await api.call(admin, 'POST', '/flavors', {
    body: { flavor: { name: 'auto', ram: 1, vcpus: 1, disk: 1, id: null } },
  })
  expect(body.flavor.id).toMatch(/^[0-9a-f-]{36}$/)
  await make('once')
  const sameId = await make('once', { name: 'other' })
  expect(sameId.status).toBe(409)
  expect(sameId.body.conflictingRequest.message).toBe('Flavor with ID once already exists.')
  const sameName = await make('twice', { name: 'flavor-once' })
  expect(sameName.body.conflictingRequest.message).toBe('Flavor with name flavor-once already exists.')
})

test('a flavor that is not public is seen by administrators and by projects with access', async () => {
  const [friend, stranger] = [persona('member'), persona('member')]
  await make('private', { 'os-flavor-access:is_public': 'False' })
  expect((await api.call(friend, 'GET', '/flavors/private')).status).toBe(404)
  expect(ids((await api.call(admin, 'GET', '/flavors')).body)).not.toContain('private')
  expect(ids((await api.call(admin, 'GET', '/flavors?is_public=None')).body)).toContain('private')
  expect(ids((await api.call(admin, 'GET', '/flavors?is_public=false')).body)).toEqual(['private'])

  const action = (name: string) =>
    api.call(admin, 'POST', '/flavors/private/action', { body: { [name]: { tenant: friend.projectId } } })
  const added = await action('addTenantAccess')
  expect(added.body).toEqual({ flavor_access: [{ flavor_id: 'private', tenant_id: friend.projectId }] })
  expect((await action('addTenantAccess')).status).toBe(409)
  expect((await api.call(admin, 'GET', '/flavors/private/os-flavor-access')).body).toEqual(added.body)
  expect((await api.call(friend, 'GET', '/flavors/private')).status).toBe(200)
  expect(ids((await api.call(friend, 'GET', '/flavors')).body)).toContain('private')
  expect(ids((await api.call(stranger, 'GET', '/flavors?is_public=None')).body)).not.toContain('private')

  expect((await action('removeTenantAccess')).body).toEqual({ flavor_access: [] })
  expect((await action('removeTenantAccess')).status).toBe(404)
  expect((await api.call(friend, 'GET', '/flavors/private')).status).toBe(404)
  expect((await api.call(admin, 'GET', '/flavors/2/os-flavor-access')).status).toBe(404)
})

describe('lists', () => {
  test('filters by least memory and disk', async () => {
    await make('big', { ram: 100_000, disk: 500 })
    expect(ids((await api.call(admin, 'GET', '/flavors?minRam=99999')).body)).toEqual(['big'])
    expect(ids((await api.call(admin, 'GET', '/flavors/detail?minDisk=500&minRam=1')).body)).toEqual(['big'])
    expect((await api.call(admin, 'GET', '/flavors?minRam=much')).status).toBe(400)
    expect((await api.call(admin, 'GET', '/flavors?minDisk=')).status).toBe(400)
  })

  test.each(['flavorid', 'name', 'memory_mb', 'description', 'created_at'])(
    'pages in the order of %s, both ways, join to the whole',
    async sort_key => {
      for (const [id, description] of [
        ['p1', 'b'],
        ['p2', null],
        ['p3', 'a'],
      ])
        await make(String(id), { description }, '2.55')
      for (const sort_dir of ['asc', 'desc']) {
        const whole = ids(
          (await api.call(admin, 'GET', `/flavors?sort_key=${sort_key}&sort_dir=${sort_dir}`)).body,
        )
        const joined: string[] = []
        let url: string | undefined = `/flavors?sort_key=${sort_key}&sort_dir=${sort_dir}&limit=2`
        while (url) {
          const { body } = await api.call(admin, 'GET', url)
          joined.push(...ids(body))
          const next: string | undefined = body.flavors_links?.[0].href
          url = next?.slice(next.indexOf('/flavors'))
        }
        expect(joined).toEqual(whole)
      }
    },
  )

  test('an unknown marker, sort key or filter word is refused', async () => {
    for (const query of ['marker=nope', 'sort_key=colour', 'sort_dir=up', 'is_public=maybe', 'limit=-1'])
      expect((await api.call(admin, 'GET', `/flavors?${query}`)).status).toBe(400)
  })
})

describe('extra specs', () => {
  const url = '/flavors/specs/os-extra_specs'
  beforeAll(() => make('specs'))

  test('are merged, shown, replaced and removed', async () => {
    const set = (extra_specs: object) => api.call(admin, 'POST', url, { body: { extra_specs } })
    expect((await set({ 'hw:cpu_policy': 'shared', a: 1 })).body).toEqual({
      extra_specs: { 'hw:cpu_policy': 'shared', a: '1' },
    })
    await set({ b: 'two' })
    expect((await api.call(admin, 'PUT', `${url}/a`, { body: { a: 'one' } })).body).toEqual({ a: 'one' })
    const reader = persona('reader')
    expect((await api.call(reader, 'GET', url)).body.extra_specs).toEqual({
      'hw:cpu_policy': 'shared',
      a: 'one',
      b: 'two',
    })
    expect((await api.call(reader, 'GET', `${url}/a`)).body).toEqual({ a: 'one' })
    expect((await api.call(admin, 'DELETE', `${url}/a`)).status).toBe(200)
    expect((await api.call(admin, 'DELETE', `${url}/a`)).status).toBe(404)
    expect((await api.call(reader, 'GET', `${url}/a`)).status).toBe(404)
    expect((await api.call(reader, 'GET', `${url}/constructor`)).status).toBe(404)
  })

  test('ten at once are all kept', async () => {
    await make('busy')
    const keys = Array.from({ length: 10 }, (_, i) => `key${i}`)
    await Promise.all(
      keys.map(key =>
        api.call(admin, 'POST', '/flavors/busy/os-extra_specs', { body: { extra_specs: { [key]: 'v' } } }),
      ),
    )
    const { body } = await api.call(admin, 'GET', '/flavors/busy/os-extra_specs')
    expect(Object.keys(body.extra_specs).sort()).toEqual(keys)
  })

  test.each([
    ['a list', { extra_specs: [] }],
    ['a key with a slash', { extra_specs: { 'a/b': '1' } }],
    ['a value too long', { extra_specs: { a: 'x'.repeat(256) } }],
    ['a nested value', { extra_specs: { a: {} } }],
    ['an unknown field', { extra_specs: {}, more: 1 }],
  ])('%s is refused', async (_what, body) => {
    expect((await api.call(admin, 'POST', url, { body })).status).toBe(400)
  })
  test('a key that differs from the path, and two at once, are refused', async () => {
    expect((await api.call(admin, 'PUT', `${url}/a`, { body: { b: '1' } })).status).toBe(400)
    expect((await api.call(admin, 'PUT', `${url}/a`, { body: { a: '1', b: '1' } })).status).toBe(400)
  })
  test('of a flavor that is not there: 404', async () => {
    for (const [method, body] of [
      ['GET', undefined],
      ['POST', { extra_specs: { a: '1' } }],
    ] as const)
      expect((await api.call(admin, method, '/flavors/none/os-extra_specs', { body })).status).toBe(404)
  })

  test.each([
    ['hw:cpu_policy', 'dedicated', true],
    ['hw:cpu_policy', 'sometimes', false],
    ['hw:numa_nodes', '2', true],
    ['hw:numa_nodes', '0', false],
    ['hw:numa_cpus.1', '0-3,^2', true],
    ['hw:numa_cpus.x', '0', false],
    ['hw:mem_page_size', '2MB', true],
    ['hw:boot_menu', 'perhaps', false],
    ['hw:colour', 'red', false],
    ['hww:colour', 'red', true],
    ['colour', 'red', true],
    ['trait:HW_CPU_X86_AVX2', 'required', true],
    ['trait1:CUSTOM_X', 'liked', false],
    ['resources:VCPU', '4', true],
    ['quota:disk_read_iops_sec', '-1', false],
  ])('2.86: %s=%s is accepted: %s', async (name, value, good) => {
    const at = (microversion: string) =>
      api.call(admin, 'POST', url, { microversion, body: { extra_specs: { [name]: value } } })
    expect((await at('2.85')).status).toBe(200)
    expect((await at('2.86')).status).toBe(good ? 200 : 400)
  })
})

describe('gates', () => {
  test('2.7: a public flavor refuses access for one project', async () => {
    await make('open')
    const add = (tenant: string, microversion: string) =>
      api.call(admin, 'POST', '/flavors/open/action', { microversion, body: { addTenantAccess: { tenant } } })
    expect((await add('p1', '2.6')).status).toBe(200)
    expect((await add('p2', '2.7')).status).toBe(409)
  })
  test('2.55: descriptions are set, shown in both lists, and changed', async () => {
    expect((await make('d1', { description: 'x' }, '2.54')).status).toBe(400)
    const created = await make('d1', { description: 'first' }, '2.55')
    expect(created.body.flavor.description).toBe('first')
    const put = (microversion: string, description: unknown) =>
      api.call(admin, 'PUT', '/flavors/d1', { microversion, body: { flavor: { description } } })
    expect((await put('2.54', 'second')).status).toBe(404)
    expect((await put('2.55', 'second')).body.flavor.description).toBe('second')
    expect((await put('2.55', null)).body.flavor.description).toBeNull()
    expect((await put('2.55', 'bad\u0007')).status).toBe(400)
    const list = (microversion: string) =>
      api.call(admin, 'GET', '/flavors?minRam=64', { microversion }).then(r => r.body.flavors[0])
    expect(await list('2.54')).not.toHaveProperty('description')
    expect(await list('2.55')).toHaveProperty('description')
  })
  test('2.61: extra specs are part of a flavor', async () => {
    await make('e1')
    await api.call(admin, 'POST', '/flavors/e1/os-extra_specs', { body: { extra_specs: { a: 'b' } } })
    const shown = (microversion: string, who = persona('reader')) =>
      api.call(who, 'GET', '/flavors/e1', { microversion }).then(r => r.body.flavor)
    expect(await shown('2.60')).not.toHaveProperty('extra_specs')
    expect((await shown('2.61')).extra_specs).toEqual({ a: 'b' })
    expect(await shown('2.61', persona('service'))).not.toHaveProperty('extra_specs')
    expect((await make('e2', {}, '2.61')).body.flavor.extra_specs).toEqual({})
  })
  test('2.75: no swap is 0 instead of an empty string; unknown query parameters are refused', async () => {
    await make('s1')
    const swap = (microversion: string) =>
      api.call(admin, 'GET', '/flavors/s1', { microversion }).then(r => r.body.flavor.swap)
    expect(await swap('2.74')).toBe('')
    expect(await swap('2.75')).toBe(0)
    expect((await api.call(admin, 'GET', '/flavors?colour=red', { microversion: '2.74' })).status).toBe(200)
    expect((await api.call(admin, 'GET', '/flavors?colour=red', { microversion: '2.75' })).status).toBe(400)
  })
})

describe('bad input is refused in the words of the API', () => {
  test.each([
    ['no name', { name: undefined }],
    ['a blank name', { name: ' ' }],
    ['a name that ends in a blank', { name: 'x ' }],
    ['a name too long', { name: 'x'.repeat(256) }],
    ['an id with a slash', { id: 'a/b' }],
    ['an empty id', { id: '' }],
    ['no memory', { ram: 0 }],
    ['memory as a word', { ram: 'much' }],
    ['half a vcpu', { vcpus: 0.5 }],
    ['too many vcpus', { vcpus: 2_147_483_648 }],
    ['a negative disk', { disk: -1 }],
    ['a negative swap', { swap: -1 }],
    ['no rxtx factor', { rxtx_factor: 0 }],
    ['perhaps public', { 'os-flavor-access:is_public': 'perhaps' }],
    ['an unknown field', { colour: 'red' }],
  ])('%s', async (_what, more) => {
    const reply = await make('bad', more)
    expect(reply.status).toBe(400)
    expect(reply.body.badRequest.code).toBe(400)
  })
  test('actions: none, two, unknown, without a project', async () => {
    for (const body of [
      {},
      { addTenantAccess: { tenant: 'a' }, removeTenantAccess: { tenant: 'a' } },
      { fly: {} },
      { addTenantAccess: {} },
    ])
      expect((await api.call(admin, 'POST', '/flavors/2/action', { body })).status).toBe(400)
  })
  test('text that PostgreSQL cannot keep: NUL, and half a surrogate pair', async () => {
    expect((await api.call(admin, 'GET', '/flavors/%00')).status).toBe(400)
    expect((await api.call(admin, 'GET', '/flavors?marker=a%00b')).status).toBe(400)
    const add = (tenant: string) =>
      api.call(admin, 'POST', '/flavors/2/action', { body: { addTenantAccess: { tenant } } })
    expect((await add('a\u0000b')).status).toBe(400)
    expect((await add('a\\u0000b')).status).toBe(200)
    expect((await add('a\ud800b')).status).toBe(400)
    expect((await add('a\ud83d\ude00b')).status).toBe(200)
  })
})
