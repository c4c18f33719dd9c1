import { newId } from '@caelum/kernel'
import { persona } from '@caelum/testkit'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { type TestApp, testApp } from './app.ts'
import { testHost } from './hosts.ts'

let api: TestApp
let one: Awaited<ReturnType<typeof testHost>>
let two: Awaited<ReturnType<typeof testHost>>
const admin = persona('admin')
beforeAll(async () => {
  api = await testApp()
})
afterAll(() => api.close())
beforeEach(async () => {
  one = await testHost(api.deps, 'host-1')
  two = await testHost(api.deps, 'host-2', 8_192)
})
afterEach(() => api.clear('servers, vms, hosts'))

const get = (url: string, microversion = '2.53', who = admin) => api.call(who, 'GET', url, { microversion })
const put = (url: string, body: object, microversion = '2.53') =>
  api.call(admin, 'PUT', url, { microversion, body })
const names = (body: { hypervisors: { hypervisor_hostname: string }[] }) =>
  body.hypervisors.map(h => h.hypervisor_hostname)
const silence = (id: string) =>
  api.deps.db.host.update({ where: { id }, data: { seen_at: new Date(Date.now() - 31_000) } })

/** a server with its vm on a host */
async function serverOn(host_id: string, name: string, more: { generation?: number } = {}) {
  const id = newId()
  const at = new Date()
  const common = { request_id: 'req-1', created_at: at }
  await api.deps.db.server.create({
    data: {
      ...common,
      id,
      project_id: 'p',
      user_id: 'u',
      name,
      hostname: name,
      flavor: { vcpus: 2, ram_mb: 1_024 },
      want_networks: [],
      reservation_id: 'r-1',
      updated_at: at,
    },
  })
  await api.deps.db.vm.create({
    data: {
      ...common,
      id: newId(),
      server_id: id,
      host_id,
      vcpus: 2,
      ram_mb: 1_024,
      disk_gb: 10,
      want_power: 'running',
      want_spec: {},
      generation: more.generation ?? 0,
      revision: 1,
    },
  })
  return id
}

test('hosts, services and their numbers are for administrators; zones are for everybody', async () => {
  const member = persona('member')
  for (const url of [
    '/os-hypervisors',
    '/os-hypervisors/detail',
    `/os-hypervisors/${one.id}`,
    '/os-services',
    '/os-availability-zone/detail',
  ])
    expect((await get(url, '2.53', member)).status).toBe(403)
  expect((await api.call(member, 'GET', '/os-hypervisors/statistics')).status).toBe(403)
  expect((await api.call(member, 'PUT', '/os-services/disable', { body: {} })).status).toBe(403)
  expect((await get('/os-availability-zone', '2.1', member)).body).toEqual({
    availabilityZoneInfo: [{ zoneName: 'nova', zoneState: { available: true }, hosts: null }],
  })
})

describe('os-hypervisors', () => {
  test('show what is there, what is claimed and by whom', async () => {
    const server = await serverOn(two.id, 'web')
    await serverOn(two.id, 'busy', { generation: 1 })
    const { body } = await get(`/os-hypervisors/${two.id}?with_servers=true`)
    expect(body.hypervisor).toMatchObject({
      id: two.id,
      hypervisor_hostname: 'host-2',
      state: 'up',
      status: 'enabled',
      hypervisor_type: 'test',
      hypervisor_version: 1,
      host_ip: '192.0.2.1',
      service: { id: two.id, host: 'host-2', disabled_reason: null },
      vcpus: 4,
      vcpus_used: 4,
      memory_mb: 8_192,
      memory_mb_used: 2_048,
      free_ram_mb: 6_144,
      local_gb: 100,
      local_gb_used: 20,
      free_disk_gb: 80,
      disk_available_least: 80,
      current_workload: 1,
      running_vms: 2,
      cpu_info: { arch: 'x86_64', model: 'none' },
    })
    expect(body.hypervisor.servers.map((s: { name: string }) => s.name)).toEqual(['busy', 'web'])
    expect(body.hypervisor.servers[1]).toEqual({ uuid: server, name: 'web' })
    expect(names((await get('/os-hypervisors')).body)).toEqual(['host-1', 'host-2'])
  })

  test('statistics sum up the enabled ones', async () => {
    await serverOn(one.id, 'web')
    const both = await get('/os-hypervisors/statistics')
    expect(both.body.hypervisor_statistics).toMatchObject({
      count: 2,
      vcpus: 8,
      vcpus_used: 2,
      memory_mb: 12_288,
      free_ram_mb: 11_264,
      running_vms: 1,
    })
    await put(`/os-services/${one.id}`, { status: 'disabled' })
    expect((await get('/os-hypervisors/statistics')).body.hypervisor_statistics).toMatchObject({
      count: 1,
      running_vms: 0,
    })
  })

  test('a host that has fallen silent is down', async () => {
    await silence(one.id)
    expect((await get(`/os-hypervisors/${one.id}`)).body.hypervisor.state).toBe('down')
    expect((await get(`/os-hypervisors/${two.id}`)).body.hypervisor.state).toBe('up')
  })

  test('2.53: ids are uuids instead of numbers', async () => {
    const { id } = (await get('/os-hypervisors', '2.52')).body.hypervisors[0]
    expect(Number.isInteger(id)).toBe(true)
    expect((await get(`/os-hypervisors/${id}`, '2.52')).body.hypervisor.hypervisor_hostname).toBe('host-1')
    expect((await get(`/os-hypervisors/${id}`, '2.53')).status).toBe(400)
    expect((await get(`/os-hypervisors/${one.id}`, '2.52')).status).toBe(404)
    expect((await get(`/os-hypervisors/${newId()}`, '2.53')).status).toBe(404)
    expect((await get('/os-hypervisors/12', '2.52')).status).toBe(404)
  })

  test('2.53: search and servers become query parameters', async () => {
    await serverOn(one.id, 'web')
    expect(names((await get('/os-hypervisors/t-1/search', '2.52')).body)).toEqual(['host-1'])
    const hosted = (await get('/os-hypervisors/host/servers', '2.52')).body.hypervisors
    expect(hosted[0].servers[0].name).toBe('web')
    expect(hosted[1]).not.toHaveProperty('servers')
    expect((await get('/os-hypervisors/none/search', '2.52')).status).toBe(404)
    for (const gone of ['search', 'servers'])
      expect((await get(`/os-hypervisors/t-1/${gone}`, '2.53')).status).toBe(404)

    const pattern = '/os-hypervisors/detail?hypervisor_hostname_pattern'
    expect(names((await get(`${pattern}=t-1&with_servers=1`)).body)).toEqual(['host-1'])
    expect((await get(`${pattern}=none`)).status).toBe(404)
    expect((await get(`${pattern}=t-1&limit=1`)).status).toBe(400)
    expect((await get(`${pattern}=a/b`)).status).toBe(400)
    expect((await get(`${pattern}=t-1`, '2.52')).body.hypervisors).toHaveLength(2)
    expect((await get('/os-hypervisors?colour=red', '2.53')).status).toBe(400)
    expect((await get('/os-hypervisors?with_servers=perhaps', '2.53')).status).toBe(400)
  })

  test('2.33: pages, whose links lead through all', async () => {
    expect((await get('/os-hypervisors?limit=1', '2.32')).body.hypervisors).toHaveLength(2)
    for (const microversion of ['2.33', '2.53']) {
      const first = (await get('/os-hypervisors?limit=1', microversion)).body
      expect(names(first)).toEqual(['host-1'])
      const next: string = first.hypervisors_links[0].href
      const second = (await get(next.slice(next.indexOf('/os-')), microversion)).body
      expect(names(second)).toEqual(['host-2'])
      expect((await get('/os-hypervisors?marker=77', microversion)).status).toBe(400)
    }
    expect((await get('/os-hypervisors', '2.33')).body).not.toHaveProperty('hypervisors_links')
  })

  test('2.28: cpu_info is an object instead of its JSON', async () => {
    const info = async (microversion: string) =>
      (await get('/os-hypervisors/detail', microversion)).body.hypervisors[0].cpu_info
    expect(JSON.parse(await info('2.27'))).toEqual(await info('2.28'))
  })

  test('2.75: no servers is an empty list', async () => {
    const url = `/os-hypervisors/${one.id}?with_servers=true`
    expect((await get(url, '2.74')).body.hypervisor).not.toHaveProperty('servers')
    expect((await get(url, '2.75')).body.hypervisor.servers).toEqual([])
  })

  test('2.88: the numbers go, statistics go, the uptime comes', async () => {
    const shown = async (microversion: string) =>
      (await get(`/os-hypervisors/${one.id}`, microversion)).body.hypervisor
    expect(await shown('2.87')).not.toHaveProperty('uptime')
    expect(Object.keys(await shown('2.88')).sort()).toEqual([
      'host_ip',
      'hypervisor_hostname',
      'hypervisor_type',
      'hypervisor_version',
      'id',
      'service',
      'state',
      'status',
      'uptime',
    ])
    expect((await get('/os-hypervisors/statistics', '2.87')).status).toBe(200)
    expect((await get('/os-hypervisors/statistics', '2.88')).status).toBe(404)
    const uptime = `/os-hypervisors/${one.id}/uptime`
    expect((await get(uptime, '2.87')).status).toBe(501)
    expect((await get(uptime, '2.88')).status).toBe(404)
  })
})

describe('os-services', () => {
  test('lists the agent of every host and nothing that is not there', async () => {
    await silence(two.id)
    const { services } = (await get('/os-services')).body
    expect(services).toEqual([
      {
        id: one.id,
        binary: 'nova-compute',
        host: 'host-1',
        zone: 'nova',
        status: 'enabled',
        state: 'up',
        updated_at: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:]+\.\d{6}$/),
        disabled_reason: null,
        forced_down: false,
      },
      expect.objectContaining({ host: 'host-2', state: 'down' }),
    ])
    const listed = async (query: string) => (await get(`/os-services?${query}`)).body.services.length
    expect(await listed('host=host-2')).toBe(1)
    expect(await listed('binary=nova-compute')).toBe(2)
    expect(await listed('binary=nova-scheduler')).toBe(0)
  })

  test('2.52: the path names the action', async () => {
    const act = (action: string, more = {}, microversion = '2.52') =>
      put(`/os-services/${action}`, { host: 'host-1', binary: 'nova-compute', ...more }, microversion)
    expect((await act('disable')).body).toEqual({
      service: { host: 'host-1', binary: 'nova-compute', status: 'disabled' },
    })
    expect((await act('disable-log-reason', { disabled_reason: 'repair' })).body.service).toMatchObject({
      status: 'disabled',
      disabled_reason: 'repair',
    })
    expect((await get('/os-services')).body.services[0]).toMatchObject({
      status: 'disabled',
      disabled_reason: 'repair',
    })
    await act('enable')
    expect((await get('/os-services')).body.services[0]).toMatchObject({
      status: 'enabled',
      disabled_reason: null,
    })
    expect((await act('disable-log-reason')).status).toBe(400)
    expect((await act('fly')).status).toBe(404)
    expect((await act('disable', { host: 'none' })).status).toBe(404)
    expect((await act('disable', { binary: 'nova-scheduler' })).status).toBe(400)
    expect((await act('disable', { colour: 'red' })).status).toBe(400)
  })

  test('2.53: the path names the service', async () => {
    const url = `/os-services/${one.id}`
    const disabled = await put(url, { status: 'disabled', disabled_reason: 'repair' })
    expect(disabled.body.service).toMatchObject({
      id: one.id,
      status: 'disabled',
      disabled_reason: 'repair',
      forced_down: false,
    })
    expect((await put(url, { status: 'enabled' })).body.service).toMatchObject({
      status: 'enabled',
      disabled_reason: null,
    })
    for (const bad of [
      {},
      { disabled_reason: 'x' },
      { status: 'enabled', disabled_reason: 'x' },
      { status: 'off' },
    ])
      expect((await put(url, bad)).status).toBe(400)
    expect((await put('/os-services/disable', { status: 'disabled' })).status).toBe(400)
    expect((await put(`/os-services/${newId()}`, { status: 'disabled' })).status).toBe(404)
  })

  test('2.11: forced_down is shown and cannot be set', async () => {
    const shown = async (microversion: string) => (await get('/os-services', microversion)).body.services[0]
    expect(await shown('2.10')).not.toHaveProperty('forced_down')
    expect((await shown('2.11')).forced_down).toBe(false)
    const force = (forced_down: unknown, microversion: string) =>
      put('/os-services/force-down', { host: 'host-1', binary: 'nova-compute', forced_down }, microversion)
    expect((await force(true, '2.10')).status).toBe(400)
    expect((await force(true, '2.11')).status).toBe(501)
    expect((await force('False', '2.11')).body.service.forced_down).toBe(false)
    expect((await put(`/os-services/${one.id}`, { forced_down: true })).status).toBe(501)
  })

  test('2.53: ids are uuids; 2.75: unknown query parameters are refused', async () => {
    expect(typeof (await get('/os-services', '2.52')).body.services[0].id).toBe('number')
    expect((await get('/os-services?x=1', '2.74')).status).toBe(200)
    expect((await get('/os-services?x=1', '2.75')).status).toBe(400)
  })

  test('a host is forgotten only when its agent is silent and nothing is on it', async () => {
    const remove = (id: string, microversion = '2.53') =>
      api.call(admin, 'DELETE', `/os-services/${id}`, { microversion })
    await serverOn(one.id, 'web')
    expect((await remove(one.id)).body.conflictingRequest.message).toContain('its agent is running')
    await silence(one.id)
    expect((await remove(one.id)).body.conflictingRequest.message).toContain('hosting instances')
    await api.deps.db.vm.deleteMany()
    expect((await remove(one.id)).status).toBe(204)
    expect((await remove(one.id)).status).toBe(404)
    expect((await remove('x')).status).toBe(400)
    expect((await get('/os-services')).body.services).toHaveLength(1)
  })
})

describe('os-availability-zone', () => {
  test('is available while one host is enabled; the detail names the agents', async () => {
    await put(`/os-services/${one.id}`, { status: 'disabled' })
    const [zone] = (await get('/os-availability-zone/detail')).body.availabilityZoneInfo
    expect(zone.hosts).toEqual({
      'host-2': { 'nova-compute': { available: true, active: true, updated_at: expect.any(String) } },
    })
    await put(`/os-services/${two.id}`, { status: 'disabled' })
    expect((await get('/os-availability-zone/detail')).body.availabilityZoneInfo).toEqual([
      { zoneName: 'nova', zoneState: { available: false }, hosts: null },
    ])
  })
})
