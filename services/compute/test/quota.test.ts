import { newHexId, newId } from '@caelum/kernel'
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
