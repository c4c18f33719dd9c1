import { newHexId, newId } from '@caelum/kernel'
import { persona } from '@caelum/testkit'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { checkQuota } from '../src/resources/quota-set/service.ts'
import { type TestApp, testApp } from './app.ts'

let api: TestApp
beforeAll(async () => {
  api = await testApp()
})
afterAll(() => api.close())

/** a server row as server create writes it, as far as counting looks */
const server = (projectId: string, flavor = { vcpus: 2, ram_mb: 1_024 }) => ({
  id: newId(),
  project_id: projectId,
  user_id: 'u',
  name: 'n',
  hostname: 'n',
  flavor,
  want_networks: [],
  reservation_id: 'r-1',
  request_id: 'req-1',
  created_at: new Date(),
  updated_at: new Date(),
})

const claim = (projectId: string, count: number, flavor?: { vcpus: number; ram_mb: number }) =>
  api.deps.db.$transaction(async tx => {
    const row = server(projectId, flavor)
    await checkQuota(tx, projectId, {
      instances: count,
      cores: count * row.flavor.vcpus,
      ram_mb: count * row.flavor.ram_mb,
      metadata: {},
    })
    for (let i = 0; i < count; i++) await tx.server.create({ data: { ...row, id: newId() } })
  })

describe('checkQuota', () => {
  test('lets through exactly the limit and says what is missing', async () => {
    const project = newHexId()
    await claim(project, 9)
    await expect(claim(project, 2)).rejects.toMatchObject({
      status: 403,
      message:
        'Quota exceeded for cores, instances: Requested 4, 2, but already used 18, 9 of 20, 10 cores, instances',
    })
    await claim(project, 1)
    await expect(claim(project, 1, { vcpus: 0, ram_mb: 0 })).rejects.toMatchObject({
      message: 'Quota exceeded for instances: Requested 1, but already used 10 of 10 instances',
    })
  })

  test('twenty at once: exactly ten get in', async () => {
    const project = newHexId()
    const outcomes = await Promise.allSettled(Array.from({ length: 20 }, () => claim(project, 1)))
    expect(outcomes.filter(o => o.status === 'fulfilled')).toHaveLength(10)
    expect(await api.deps.db.server.count({ where: { project_id: project } })).toBe(10)
  })

  test('-1 means no limit, and another project is not concerned', async () => {
    const [free, other] = [newHexId(), newHexId()]
    for (const resource of ['instances', 'cores', 'ram'])
      await api.deps.db.quota.create({ data: { project_id: free, resource, limit: -1 } })
    await claim(free, 30, { vcpus: 8, ram_mb: 8_192 })
    await expect(claim(other, 30)).rejects.toMatchObject({ status: 403 })
  })
})

const admin = persona('admin')
const setUrl = (projectId: string, more = '') => `/os-quota-sets/${projectId}${more}`
const put = (projectId: string, quota_set: object, microversion = '2.1', query = '') =>
  api.call(admin, 'PUT', setUrl(projectId, query), { microversion, body: { quota_set } })

describe('os-quota-sets', () => {
  test('a project reads its limits and usage; an administrator sets and resets them', async () => {
    const user = persona('reader')
    await claim(user.projectId, 2)
    const shown = await api.call(user, 'GET', setUrl(user.projectId))
    expect(shown.body.quota_set).toMatchObject({ id: user.projectId, instances: 10, cores: 20, ram: 51_200 })
    const updated = await put(user.projectId, { instances: '12', ram: -1 })
    expect(updated.body.quota_set).toMatchObject({ instances: 12, cores: 20, ram: -1 })
    expect(updated.body.quota_set).not.toHaveProperty('id')
    const detail = await api.call(user, 'GET', setUrl(user.projectId, '/detail'))
    expect(detail.body.quota_set.instances).toEqual({ limit: 12, in_use: 2, reserved: 0 })
    expect(detail.body.quota_set.cores).toEqual({ limit: 20, in_use: 4, reserved: 0 })
    expect(detail.body.quota_set.ram).toEqual({ limit: -1, in_use: 2_048, reserved: 0 })
    expect((await api.call(admin, 'DELETE', setUrl(user.projectId))).status).toBe(202)
    expect((await api.call(user, 'GET', setUrl(user.projectId))).body.quota_set.instances).toBe(10)
  })

  test('a limit below what is used needs force', async () => {
    const project = newHexId()
    await claim(project, 3)
    const refused = await put(project, { instances: 2 })
    expect(refused.status).toBe(400)
    expect(refused.body.badRequest.message).toBe(
      'Quota limit 2 for instances must be greater than or equal to already used and reserved 3.',
    )
    expect((await put(project, { instances: 2, force: 'True' })).body.quota_set.instances).toBe(2)
  })

  test('other projects are for administrators only, and nobody else changes limits', async () => {
    const [user, other] = [persona('member'), persona('member')]
    expect((await api.call(user, 'GET', setUrl(other.projectId))).status).toBe(403)
    expect((await api.call(user, 'GET', setUrl(other.projectId, '/detail'))).status).toBe(403)
    expect((await api.call(admin, 'GET', setUrl(other.projectId))).status).toBe(200)
    expect((await api.call(user, 'GET', setUrl(other.projectId, '/defaults'))).status).toBe(200)
    const body = { quota_set: { instances: 1_000 } }
    expect((await api.call(user, 'PUT', setUrl(user.projectId), { body })).status).toBe(403)
    expect((await api.call(user, 'DELETE', setUrl(user.projectId))).status).toBe(403)
    expect((await api.call(user, 'GET', '/os-quota-class-sets/default')).status).toBe(403)
  })

  test('the default class counts for projects without limits of their own', async () => {
    const url = '/os-quota-class-sets/default'
    const [own, none] = [newHexId(), newHexId()]
    await put(own, { key_pairs: 7 })
    const { body } = await api.call(admin, 'PUT', url, { body: { quota_class_set: { key_pairs: 50 } } })
    expect(body.quota_class_set.key_pairs).toBe(50)
    expect((await api.call(admin, 'GET', url)).body.quota_class_set).toMatchObject({
      id: 'default',
      key_pairs: 50,
    })
    expect((await api.call(admin, 'GET', setUrl(none))).body.quota_set.key_pairs).toBe(50)
    expect((await api.call(admin, 'GET', setUrl(own))).body.quota_set.key_pairs).toBe(7)
    expect((await api.call(admin, 'GET', setUrl(own, '/defaults'))).body.quota_set.key_pairs).toBe(50)
  })

  test.each([
    ['a word', { instances: 'many' }],
    ['less than none', { instances: -2 }],
    ['too much', { instances: 2_147_483_648 }],
    ['half', { instances: 1.5 }],
    ['unknown', { colours: 1 }],
  ])('%s is refused', async (_what, quota_set) => {
    expect((await put(newHexId(), quota_set)).status).toBe(400)
  })
  test('limits of one user are read as the project has them, and cannot be set', async () => {
    const project = newHexId()
    expect((await put(project, { instances: 1 }, '2.1', '?user_id=u')).status).toBe(501)
    expect((await api.call(admin, 'GET', setUrl(project, '?user_id=u'))).body.quota_set.instances).toBe(10)
  })
})

describe('gates', () => {
  const keysOf = async (url: string, field: string, microversion: string) =>
    Object.keys((await api.call(admin, 'GET', url, { microversion })).body[field])
  const network = ['fixed_ips', 'floating_ips', 'security_group_rules', 'security_groups']
  const injected = ['injected_file_content_bytes', 'injected_file_path_bytes', 'injected_files']
  const groups = ['server_group_members', 'server_groups']

  test.each([
    { names: network, step: '2.35', shown: true },
    { names: network, step: '2.36', shown: false },
    { names: injected, step: '2.56', shown: true },
    { names: injected, step: '2.57', shown: false },
  ])('$step: quota sets hold $names.0: $shown', async ({ names, step, shown }) => {
    const project = newHexId()
    for (const more of ['', '/detail', '/defaults']) {
      const keys = await keysOf(setUrl(project, more), 'quota_set', step)
      for (const name of names) expect(keys.includes(name)).toBe(shown)
    }
    for (const name of names) expect((await put(project, { [name]: 1 }, step)).status).toBe(shown ? 200 : 400)
  })
  test.each([
    { names: network, step: '2.49', shown: true },
    { names: network, step: '2.50', shown: false },
    { names: injected, step: '2.56', shown: true },
    { names: injected, step: '2.57', shown: false },
    { names: groups, step: '2.49', shown: false },
    { names: groups, step: '2.50', shown: true },
  ])('$step: quota classes hold $names.0: $shown', async ({ names, step, shown }) => {
    const keys = await keysOf('/os-quota-class-sets/default', 'quota_class_set', step)
    for (const name of names) expect(keys.includes(name)).toBe(shown)
    const body = { quota_class_set: { [String(names[0])]: 3 } }
    const reply = await api.call(admin, 'PUT', '/os-quota-class-sets/x', { body, microversion: step })
    expect(reply.status).toBe(shown || names === groups ? 200 : 400)
  })
  test.each([
    { names: ['maxTotalFloatingIps', 'maxSecurityGroups', 'totalSecurityGroupsUsed'], last: 35 },
    { names: ['maxImageMeta'], last: 38 },
    { names: ['maxPersonality', 'maxPersonalitySize'], last: 56 },
  ])('limits hold $names.0 up to 2.$last', async ({ names, last }) => {
    for (const step of [last, last + 1]) {
      const { body } = await api.call(admin, 'GET', '/limits', { microversion: `2.${step}` })
      for (const name of names) expect(name in body.limits.absolute).toBe(step === last)
    }
  })
  test.each(['/os-quota-sets/p', '/os-quota-sets/p/detail', '/limits'])(
    '2.75: %s refuses unknown query parameters',
    async url => {
      expect((await api.call(admin, 'GET', `${url}?x=1`, { microversion: '2.74' })).status).toBe(200)
      expect((await api.call(admin, 'GET', `${url}?x=1`, { microversion: '2.75' })).status).toBe(400)
    },
  )
})

describe('limits', () => {
  test('show what the project may use and uses', async () => {
    const user = persona('reader')
    await claim(user.projectId, 2)
    const { body } = await api.call(user, 'GET', '/limits')
    expect(body.limits.rate).toEqual([])
    expect(body.limits.absolute).toMatchObject({
      maxTotalInstances: 10,
      totalInstancesUsed: 2,
      totalCoresUsed: 4,
      totalRAMUsed: 2_048,
      maxServerMeta: 128,
    })
  })
  test('of another project: for administrators', async () => {
    const user = persona('member')
    await claim(user.projectId, 1)
    const url = `/limits?tenant_id=${user.projectId}`
    expect((await api.call(admin, 'GET', url)).body.limits.absolute.totalInstancesUsed).toBe(1)
    expect((await api.call(persona('member'), 'GET', url)).status).toBe(403)
  })
})
