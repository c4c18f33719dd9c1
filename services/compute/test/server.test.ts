import type { SeenVm, WantedVm } from '@caelum/agent-protocol'
import { RemoteError } from '@caelum/clients'
import { newId } from '@caelum/kernel'
import { eventually, type Persona, persona } from '@caelum/testkit'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { type TestApp, testApp } from './app.ts'
import { testHost } from './hosts.ts'
import { IMAGE } from './neighbours.ts'

let api: TestApp
let loop: ReturnType<TestApp['deps']['startReconciler']>
let member: Persona
beforeAll(async () => {
  api = await testApp()
  loop = api.deps.startReconciler()
})
afterAll(async () => {
  await loop.close()
  await api.close()
})
beforeEach(() => {
  member = persona('member')
})
afterEach(async () => {
  await api.clear('servers, vms, hosts')
  api.around.networks.clear()
  api.around.ports.clear()
})

const network = (owner: Persona, name = 'net') => {
  const made = { id: newId(), name, project_id: owner.projectId }
  api.around.networks.set(made.id, made)
  return made
}
const asked = (name: string, more = {}) => ({
  body: { server: { name, imageRef: IMAGE.id, flavorRef: '1', ...more } },
})
const create = async (name: string, more = {}) => {
  const { status, body } = await api.call(member, 'POST', '/servers', asked(name, more))
  expect(status, JSON.stringify(body)).toBe(202)
  return body.server.id as string
}
const show = async (id: string, who = member) => (await api.call(who, 'GET', `/servers/${id}`)).body.server
const offAt = ({ id, generation, reboots_soft, reboots_hard }: WantedVm): SeenVm => ({
  id,
  generation,
  power: 'stopped',
  guest_off: false,
  reboots_soft,
  reboots_hard,
  step: null,
  fault: null,
})
const becomes = (id: string, status: string) =>
  eventually(async () => {
    const server = await show(id)
    expect(server.status, JSON.stringify(server.fault)).toBe(status)
    return server
  })

describe('the life of a server', () => {
  test('created, placed, run by its host, listed, deleted: nothing is left', async () => {
    const host = await testHost(api.deps, 'host-1')
    network(member)
    const id = await create('web')
    expect((await show(id)).status).toBe('BUILD')
    await eventually(() => host.obey())
    const server = await becomes(id, 'ACTIVE')
    expect(server).toMatchObject({
      name: 'web',
      'OS-EXT-STS:task_state': null,
      'OS-EXT-STS:power_state': 1,
      addresses: { net: [{ version: 4, 'OS-EXT-IPS:type': 'fixed' }] },
    })
    const [port] = api.around.ports.values()
    expect(port).toMatchObject({ device_id: id, 'binding:host_id': 'host-1' })

    const listed = await api.call(member, 'GET', '/servers/detail?status=ACTIVE')
    expect(listed.body.servers.map((s: { id: string }) => s.id)).toEqual([id])

    expect((await api.call(member, 'DELETE', `/servers/${id}`)).status).toBe(204)
    expect((await show(id))['OS-EXT-STS:task_state']).toBe('deleting')
    await eventually(async () => {
      await host.obey()
      return (await api.call(member, 'GET', `/servers/${id}`)).status === 404
    })
    expect(api.around.ports.size).toBe(0)
    expect(await api.deps.db.vm.count()).toBe(0)
  })

  test('an operator sees want and seen side by side', async () => {
    const host = await testHost(api.deps, 'host-1')
    const id = await create('explained')
    await eventually(() => host.obey())
    await becomes(id, 'ACTIVE')
    const { status, body } = await api.call(persona('admin'), 'GET', `/x/servers/${id}/ops`)
    expect(status, JSON.stringify(body)).toBe(200)
    expect(body).toMatchObject({
      server: { id, generation: 1, seen_generation: 1, lease_until: null },
      vm: { host_name: 'host-1', host_up: true, seen_power: 'running' },
      actions: [{ action: 'create' }],
      placements: [{ verdicts: [{ host: 'host-1', refusal: null }] }],
    })
    expect(body.server).not.toHaveProperty('vm_id')
    expect((await api.call(member, 'GET', `/x/servers/${id}/ops`)).status).toBe(403)
  })

  test('stop and start change want; the status follows what the host reports', async () => {
    const host = await testHost(api.deps, 'host-1')
    const id = await create('db')
    await eventually(() => host.obey())
    await becomes(id, 'ACTIVE')
    expect(
      (await api.call(member, 'POST', `/servers/${id}/action`, { body: { 'os-stop': null } })).status,
    ).toBe(202)
    await eventually(async () => (await show(id))['OS-EXT-STS:task_state'] === 'powering-off')
    await eventually(async () => (await host.wanted())[0]?.power === 'stopped')
    await host.obey()
    await becomes(id, 'SHUTOFF')
    const again = await api.call(member, 'POST', `/servers/${id}/action`, { body: { 'os-stop': null } })
    expect(again.status).toBe(409)
    expect(again.body.conflictingRequest.message).toContain('vm_state stopped')
    await api.call(member, 'POST', `/servers/${id}/action`, { body: { 'os-start': null } })
    await eventually(async () => (await host.wanted())[0]?.power === 'running')
    await host.obey()
    await becomes(id, 'ACTIVE')
  })

  test.each([true, false])(
    'a guest that switches itself off stays off; the bell is heard: %s',
    async heard => {
      const host = await testHost(api.deps, 'host-1')
      const id = await create('tired')
      await eventually(() => host.obey())
      await becomes(id, 'ACTIVE')
      await eventually(async () => {
        const row = await api.deps.db.server.findUnique({ where: { id } })
        return row?.seen_generation === 1 && row.lease_until === null
      })
      await host.allSwitchedOff(heard)
      expect(await becomes(id, 'SHUTOFF')).toMatchObject({
        'OS-EXT-STS:task_state': null,
        'OS-EXT-STS:power_state': 4,
        'OS-EXT-STS:vm_state': 'stopped',
      })
      const [vm] = await eventually(async () => {
        const wanted = await host.wanted()
        return wanted[0]?.power === 'stopped' ? wanted : null
      })
      expect(vm?.generation).toBe(2)
      // what was under way when the want changed says nothing about the newer one
      await host.report([{ ...offAt(vm!), generation: 1, guest_off: true }])
      await host.obey()
      await eventually(
        async () => (await api.deps.db.server.findUnique({ where: { id } }))?.seen_generation === 2,
      )
      const { instanceActions } = (await api.call(member, 'GET', `/servers/${id}/os-instance-actions`)).body
      expect(instanceActions).toMatchObject([
        {
          action: 'stop',
          user_id: null,
          project_id: member.projectId,
          message: 'The guest switched itself off.',
        },
        { action: 'create', user_id: member.userId, message: null },
      ])

      await api.call(member, 'POST', `/servers/${id}/action`, { body: { 'os-start': null } })
      await eventually(async () => (await host.wanted())[0]?.power === 'running')
      await host.obey()
      await becomes(id, 'ACTIVE')
    },
  )

  test('who starts a server before its shutdown is taken in gets it started', async () => {
    const host = await testHost(api.deps, 'host-1')
    const id = await create('eager')
    await eventually(() => host.obey())
    await becomes(id, 'ACTIVE')
    // as the reconciler finds it that was late
    const { count } = await api.deps.db.server.updateMany({
      where: { id, generation: 1 },
      data: { generation: 2, next_try_at: new Date(Date.now() + 3_600_000) },
    })
    expect(count).toBe(1)
    await host.allSwitchedOff(false)
    await eventually(async () => (await host.wanted())[0]?.generation === 2)
    expect((await host.wanted())[0]?.power).toBe('running')
    await host.obey()
    await becomes(id, 'ACTIVE')
  })

  test('a reboot is a counter: asked twice, done twice, and the status shows it', async () => {
    const host = await testHost(api.deps, 'host-1')
    const id = await create('r')
    await eventually(() => host.obey())
    await becomes(id, 'ACTIVE')
    for (const type of ['SOFT', 'HARD', 'HARD'])
      expect(
        (await api.call(member, 'POST', `/servers/${id}/action`, { body: { reboot: { type } } })).status,
      ).toBe(202)
    await eventually(async () => {
      const [vm] = await host.wanted()
      return vm?.reboots_soft === 1 && vm.reboots_hard === 2
    })
    expect((await show(id)).status).toBe('HARD_REBOOT')
    await host.obey()
    await becomes(id, 'ACTIVE')
  })

  test('a server that nobody can take says why, and a retry takes it when there is room', async () => {
    await testHost(api.deps, 'small', 64)
    const id = await create('big')
    const { fault } = await becomes(id, 'ERROR')
    expect(fault.message).toBe('No valid host was found. 1 host: 1 too little RAM (needs 128 MiB, free 64)')
    const host = await testHost(api.deps, 'large')
    const admin = persona('admin')
    await api.call(admin, 'POST', `/servers/${id}/action`, { body: { 'os-resetState': { state: 'active' } } })
    await eventually(() => host.obey())
    await becomes(id, 'ACTIVE')
  })

  test('what a host calls impossible becomes the fault of the server', async () => {
    const host = await testHost(api.deps, 'host-1')
    const id = await create('odd')
    const [vm] = await eventually(async () => {
      const wanted = await host.wanted()
      return wanted.length > 0 ? wanted : null
    })
    const fault = { code: 'BadImage', message: 'the image has a backing file', permanent: true }
    const seen = {
      guest_off: false,
      reboots_soft: 0,
      reboots_hard: 0,
      step: null,
      power: 'absent' as const,
      fault,
    }
    await host.report([{ id: vm?.id ?? '', generation: vm?.generation ?? 0, ...seen }])
    expect((await becomes(id, 'ERROR')).fault.message).toBe('the image has a backing file')
    await api.call(member, 'DELETE', `/servers/${id}`)
    await eventually(async () => {
      await host.obey()
      return (await api.call(member, 'GET', `/servers/${id}`)).status === 404
    })
  })

  test('a network that fails is tried again; one that refuses is a fault', async () => {
    const host = await testHost(api.deps, 'host-1')
    network(member)
    api.around.failures.push(new Error('socket hang up'), new RemoteError('network', 503, '', 'busy'))
    const id = await create('patient')
    await eventually(() => host.obey())
    await becomes(id, 'ACTIVE')
    api.around.failures.push(
      new RemoteError('network', 409, 'IpAddressGenerationFailure', 'No more addresses'),
    )
    expect((await becomes(await create('late'), 'ERROR')).fault.message).toContain('No more addresses')
  })

  test('a report whose bell is lost is looked at by the next sweep, however long the server was to wait', async () => {
    const host = await testHost(api.deps, 'host-1')
    const id = await create('unheard')
    await eventually(async () => (await api.deps.db.server.findUnique({ where: { id } }))?.next_try_at)
    await api.deps.db.server.update({
      where: { id },
      data: { next_try_at: new Date(Date.now() + 3_600_000) },
    })
    expect(await host.obey(false)).toBe(1)
    await becomes(id, 'ACTIVE')
  })

  test('a port that was made after its server had been deleted is removed, and no other', async () => {
    const host = await testHost(api.deps, 'host-1')
    network(member)
    const [kept, late] = [await create('kept'), await create('late')]
    await eventually(async () => (await host.obey()) === 2)
    await Promise.all([becomes(kept, 'ACTIVE'), becomes(late, 'ACTIVE')])
    const madeLate = [...api.around.ports.values()].find(port => port.device_id === late)!
    await api.call(member, 'DELETE', `/servers/${late}`)
    await eventually(async () => {
      await host.obey()
      return (await api.call(member, 'GET', `/servers/${late}`)).status === 404
    })
    const ofAUser = { ...madeLate, id: newId(), name: 'written by its owner' }
    const ofNobody = { ...ofAUser, id: newId(), device_id: 'not a server' }
    const users = [ofAUser, ofNobody]
    for (const port of [madeLate, ...users]) api.around.ports.set(port.id, port)
    const upkeep = api.deps.startUpkeep()
    await eventually(() => !api.around.ports.has(madeLate.id))
    await upkeep.stop()
    expect([...api.around.ports.values()].map(port => port.device_id).sort()).toEqual(
      [kept, late, 'not a server'].sort(),
    )
  })

  test('deleting does not wait for a host that is down', async () => {
    const host = await testHost(api.deps, 'host-1')
    const id = await create('lost')
    await eventually(() => host.obey())
    await becomes(id, 'ACTIVE')
    await api.deps.db.host.updateMany({ data: { seen_at: new Date(Date.now() - 60_000) } })
    await api.call(member, 'DELETE', `/servers/${id}`)
    await eventually(async () => (await api.call(member, 'GET', `/servers/${id}`)).status === 404)
    expect(await api.deps.db.vm.count()).toBe(1)
    await host.report([])
    await host.obey()
    expect(await api.deps.db.vm.count()).toBe(0)
  })
})

describe('placement', () => {
  test('servers spread, and capacity is never promised twice', async () => {
    await testHost(api.deps, 'host-1', 512)
    await testHost(api.deps, 'host-2', 512)
    const ids = await Promise.all(Array.from({ length: 10 }, (_, n) => create(`s${n}`)))
    await eventually(async () => {
      const shown = await Promise.all(ids.map(id => show(id)))
      return shown.filter(s => s.status === 'ERROR').length === 2
    })
    const perHost = await api.deps.db.vm.groupBy({ by: ['host_id'], _count: true })
    expect(perHost.map(group => group._count)).toEqual([4, 4])
  })

  test('a named host is an administrator’s privilege', async () => {
    await testHost(api.deps, 'host-1')
    const body = { ...asked('x', { availability_zone: 'nova:host-1' }) }
    expect((await api.call(member, 'POST', '/servers', body)).status).toBe(403)
    expect((await api.call(persona('admin'), 'POST', '/servers', body)).status).toBe(202)
  })
})

test('forty creates at once never pass the quota of ten', async () => {
  await testHost(api.deps, 'host-1', 65_536)
  const replies = await Promise.all(
    Array.from({ length: 40 }, (_, n) => api.call(member, 'POST', '/servers', asked(`q${n}`))),
  )
  expect(replies.filter(r => r.status === 202)).toHaveLength(10)
  const refused = replies.find(r => r.status === 403)
  expect(refused?.body.forbidden.message).toContain('already used 10 of 10 instances')
})

test('another project’s server does not exist', async () => {
  await testHost(api.deps, 'host-1')
  const id = await create('mine')
  const stranger = persona('member')
  const calls = [
    await api.call(stranger, 'GET', `/servers/${id}`),
    await api.call(stranger, 'PUT', `/servers/${id}`, { body: { server: { name: 'x' } } }),
    await api.call(stranger, 'DELETE', `/servers/${id}`),
    await api.call(stranger, 'POST', `/servers/${id}/action`, { body: { 'os-stop': null } }),
  ]
  expect(calls.map(call => call.status)).toEqual([404, 404, 404, 404])
  expect((await api.call(stranger, 'GET', '/servers/detail')).body.servers).toEqual([])
  expect((await api.call(stranger, 'GET', '/servers?all_tenants=1')).status).toBe(403)
  const all = await api.call(persona('admin'), 'GET', '/servers?all_tenants=1')
  expect(all.body.servers.map((s: { id: string }) => s.id)).toContain(id)
})

test('pages follow each other and miss nobody', async () => {
  await testHost(api.deps, 'host-1', 65_536)
  const ids = new Set<string>()
  for (let n = 0; n < 5; n++) ids.add(await create(`p${n}`))
  const seen: string[] = []
  let url = '/servers?limit=2&sort_key=display_name&sort_dir=asc'
  for (let page = 0; page < 5; page++) {
    const { body } = await api.call(member, 'GET', url)
    seen.push(...body.servers.map((s: { id: string }) => s.id))
    const next = body.servers_links?.[0]?.href
    if (!next) break
    const { pathname, search } = new URL(next)
    url = `${pathname.slice(5)}${search}`
  }
  expect(seen).toHaveLength(5)
  expect(new Set(seen)).toEqual(ids)
})

describe('bad input is refused, never a 500', () => {
  test.each([
    ['no image', { imageRef: undefined }, 'imageRef'],
    ['an image that is not there', { imageRef: newId() }, 'could not be found'],
    ['no such flavor', { flavorRef: 'none' }, 'Flavor none could not be found'],
    ['no such key', { key_name: 'none' }, 'Invalid key_name'],
    ['no such network', { networks: [{ uuid: newId() }] }, 'could not be found'],
    ['a bad network id', { networks: [{ uuid: 'x' }] }, 'networks'],
    ['an unknown field', { colour: 'red' }, 'colour'],
    ['an empty name', { name: '' }, 'name'],
    ['a metadata value of the wrong type', { metadata: { a: 1 } }, 'metadata'],
    ['user data that is not base64', { user_data: '#!/bin/sh' }, 'user_data'],
    ['min_count above max_count', { min_count: 3, max_count: 2 }, 'min_count'],
    ['no such zone', { availability_zone: 'mars' }, 'availability zone'],
    ['no such security group', { security_groups: [{ name: 'missing' }] }, 'missing'],
    ['a description before 2.19', { description: 'x' }, 'description'],
  ])('%s', async (_what, more, words) => {
    const { status, body } = await api.call(member, 'POST', '/servers', asked('bad', more))
    expect(status).toBe(400)
    expect(body.badRequest.message).toContain(words)
  })
  test.each(['not-an-id', newId(), 'x'.repeat(300)])('server id %s', async id => {
    expect((await api.call(member, 'GET', `/servers/${id}`)).status).toBe(404)
  })
  test.each([{}, { a: null, b: null }, { fly: null }, { reboot: { type: 'GENTLE' } }, { reboot: null }, []])(
    'action %j',
    async body => {
      await testHost(api.deps, 'host-1')
      const id = await create('a')
      expect((await api.call(member, 'POST', `/servers/${id}/action`, { body })).status).toBe(400)
    },
  )
})
