import { persona } from '@caelum/testkit'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type TestApp, testApp } from './app.ts'

let api: TestApp
const [user, other, admin] = [persona('member'), persona('member'), persona('admin')]
interface Listed {
  id: string
  name: string | null
}
const names = async (who: typeof user, query: string): Promise<(string | null)[]> =>
  (await api.call(who, 'GET', `/v2/images?${query}`)).body.images.map((image: Listed) => image.name)

beforeAll(async () => {
  api = await testApp()
  await api.create(user, { name: 'one', min_ram: 10, os_distro: 'debian', tags: ['x', 'y'] })
  await api.create(user, { name: 'two', min_ram: 20, disk_format: 'qcow2', tags: ['x'] })
  await api.create(user, { name: 'three, "3"', os_hidden: true })
  await api.create(user, { name: null, visibility: 'private', protected: true })
  await api.create(other, { name: 'theirs', visibility: 'private' })
  await api.create(other, { name: 'communal', visibility: 'community' })
  await api.create(admin, { name: 'public', visibility: 'public' })
  const one = (await api.call(user, 'GET', '/v2/images?name=one')).body.images[0]
  await api.upload(user, one.id, Buffer.alloc(1_000))
})
afterAll(() => api.close())

describe('filters', () => {
  test.each([
    ['', ['public', null, 'two', 'one']],
    ['name=one', ['one']],
    ['name=in:one,two', ['two', 'one']],
    ['name=in:one,"three, \\"3\\""&os_hidden=true', ['three, "3"']],
    ['os_hidden=true', ['three, "3"']],
    ['visibility=public', ['public']],
    ['visibility=private', [null]],
    ['visibility=shared', ['two', 'one']],
    ['visibility=community', ['communal']],
    ['visibility=all', ['public', 'communal', null, 'two', 'one']],
    ['status=active', ['one']],
    ['status=in:active,queued&name=in:one,two', ['two', 'one']],
    ['status=deleted', []],
    ['disk_format=qcow2', ['two']],
    ['container_format=in:bare&name=two', ['two']],
    ['tag=x', ['two', 'one']],
    ['tag=x&tag=y', ['one']],
    ['protected=true', [null]],
    ['size_min=1', ['one']],
    ['size_min=1001', []],
    ['size_max=1000', ['one']],
    ['size=1000', ['one']],
    ['min_ram=20', ['two']],
    ['min_ram_min=10&min_ram_max=15', ['one']],
    ['os_distro=debian', ['one']],
    ['os_distro=arch', []],
    ['id=in:x,y', []],
    [`owner=${'0'.repeat(32)}`, []],
    ['created_at=gt:2020-01-01T00:00:00Z&name=one', ['one']],
    ['created_at=lt:2020-01-01', []],
    ['updated_at=gte:2020-01-01T00:00:00%2B02:00&name=one', ['one']],
    ['checksum=0f343b0931126a20f133d67c2b018a3b', []],
    ['member_status=all&name=one', ['one']],
  ])('%s', async (query, expected) => {
    expect(await names(user, query)).toEqual(expected)
  })

  test('an administrator sees everything but the community images of others', async () => {
    expect(await names(admin, 'limit=100')).toEqual(['public', 'theirs', null, 'two', 'one'])
    expect(await names(admin, 'visibility=all')).toContain('communal')
    expect(await names(admin, `owner=${user.projectId}&name=two`)).toEqual(['two'])
  })

  test.each([
    'limit=-1',
    'limit=x',
    'marker=x',
    `marker=${crypto.randomUUID()}`,
    'sort_key=owner',
    'sort_dir=up',
    'sort=name:asc&sort_key=name',
    'sort_key=name&sort_dir=asc&sort_dir=desc',
    'sort=name:up',
    'visibility=secret',
    'os_hidden=maybe',
    'protected=maybe',
    'member_status=maybe',
    'size_min=many',
    'size_min=99999999999999999999',
    'min_ram=9999999999',
    'name=like:one',
    'name=in:"one',
    'created_at=yesterday',
    'created_at=gt:2020-13-41',
    'changes-since=2020-01-01',
    'name=%00',
    'colour=%00',
  ])('%s is refused', async query => {
    expect((await api.call(user, 'GET', `/v2/images?${query}`)).status).toBe(400)
  })

  test('a marker that the caller cannot see is no marker', async () => {
    const [theirs] = (await api.call(other, 'GET', '/v2/images?name=theirs')).body.images
    expect((await api.call(user, 'GET', `/v2/images?marker=${theirs.id}`)).status).toBe(400)
    expect((await api.call(admin, 'GET', `/v2/images?marker=${theirs.id}`)).status).toBe(200)
  })
})

describe('order and pages', () => {
  test.each([
    ['sort=name:asc', ['one', 'public', 'two', null]],
    ['sort=name:desc', [null, 'two', 'public', 'one']],
    ['sort_key=name&sort_dir=asc', ['one', 'public', 'two', null]],
    ['sort=size:asc,name:desc', ['one', null, 'two', 'public']],
    ['sort=status,name:asc', ['public', 'two', null, 'one']],
    ['sort_key=created_at&sort_dir=asc', ['one', 'two', null, 'public']],
    ['sort=disk_format:asc,created_at:asc', ['two', 'one', null, 'public']],
  ])('%s, whole and in pages of one and two', async (order, expected) => {
    expect(await names(user, order)).toEqual(expected)
    for (const limit of [1, 2]) {
      const walked: (string | null)[] = []
      let next: string | undefined = `/v2/images?${order}&limit=${limit}`
      while (next) {
        const { body } = await api.call(user, 'GET', next)
        expect(body.first).toBe(`/v2/images?${new URLSearchParams(`${order}&limit=${limit}`)}`)
        walked.push(...body.images.map((image: Listed) => image.name))
        next = body.next
      }
      expect(walked).toEqual(expected)
    }
  })

  test('a page has 25 unless asked, and none when asked for none', async () => {
    const many = persona('member')
    for (let n = 0; n < 26; n++) await api.create(many, { visibility: 'private' })
    const page = (await api.call(many, 'GET', '/v2/images?visibility=private')).body
    expect(page.images).toHaveLength(25)
    expect(page.next).toContain('marker=')
    const none = (await api.call(many, 'GET', '/v2/images?limit=0')).body
    expect(none.images).toEqual([])
    expect(none).not.toHaveProperty('next')
  })
})
