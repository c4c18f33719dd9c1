import { openapiOf } from '@caelum/http'
import { type Persona, persona } from '@caelum/testkit'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { routesOf } from '../src/app.ts'
import { type TestApp, testApp } from './app.ts'

let api: TestApp
beforeAll(async () => {
  api = await testApp()
})
afterAll(() => api.close())

const owner = persona('member')
const stranger = persona('member')
const UNKNOWN = '6ba7b810-9dad-11d1-80b4-00c04fd430c8'

/** One of everything, owned by `owner`; by the path of its collection. */
let mine: Record<string, { kind: string; id: string }>
beforeAll(async () => {
  const network = await api.network(owner)
  const subnet = await api.subnet(owner, network.id)
  const port = await api.port(owner, network.id)
  const group = await api.group(owner)
  mine = {
    networks: { kind: 'network', id: network.id },
    subnets: { kind: 'subnet', id: subnet.id },
    ports: { kind: 'port', id: port.id },
    'security-groups': { kind: 'security_group', id: group.id },
    'security-group-rules': { kind: 'security_group_rule', id: group.security_group_rules[0].id },
  }
})

const collections = ['networks', 'subnets', 'ports', 'security-groups', 'security-group-rules']

describe('tenants are kept apart', () => {
  test.each(collections)('%s of others are not there', async path => {
    const { kind, id } = mine[path]!
    const listed = (await api.call(stranger, 'GET', `/${path}`)).body[path.replaceAll('-', '_')]
    expect(listed.map((row: { id: string }) => row.id)).not.toContain(id)
    expect((await api.call(stranger, 'GET', `/${path}?id=${id}`)).body[path.replaceAll('-', '_')]).toEqual([])
    expect((await api.call(stranger, 'GET', `/${path}/${id}`)).status).toBe(404)
    expect((await api.call(stranger, 'DELETE', `/${path}/${id}`)).status).toBe(404)
    if (path === 'security-group-rules') return
    expect((await api.call(stranger, 'PUT', `/${path}/${id}`, { [kind]: { name: 'stolen' } })).status).toBe(
      404,
    )
    expect((await api.call(stranger, 'GET', `/${path}/${id}/tags`)).status).toBe(404)
    expect((await api.call(stranger, 'PUT', `/${path}/${id}/tags`, { tags: ['x'] })).status).toBe(404)
    expect((await api.call(stranger, 'PUT', `/${path}/${id}/tags/x`)).status).toBe(404)
    expect((await api.call(stranger, 'DELETE', `/${path}/${id}/tags`)).status).toBe(404)
  })

  test('nothing can be made on what belongs to others', async () => {
    const { networks, 'security-groups': groups } = mine
    const foreign: [string, object][] = [
      ['/subnets', { subnet: { network_id: networks!.id, cidr: '10.7.0.0/24' } }],
      ['/ports', { port: { network_id: networks!.id } }],
      [
        '/security-group-rules',
        { security_group_rule: { security_group_id: groups!.id, direction: 'ingress' } },
      ],
    ]
    for (const [path, body] of foreign)
      expect((await api.call(stranger, 'POST', path, body)).status).toBe(404)
    const network = await api.network(stranger)
    const port = { network_id: network.id, security_groups: [groups!.id] }
    expect((await api.call(stranger, 'POST', '/ports', { port })).status).toBe(404)
    const own = await api.group(stranger)
    const rule = { security_group_id: own.id, direction: 'ingress', remote_group_id: groups!.id }
    expect(
      (await api.call(stranger, 'POST', '/security-group-rules', { security_group_rule: rule })).status,
    ).toBe(404)
    for (const path of ['/networks', '/security-groups'])
      for (const key of ['project_id', 'tenant_id']) {
        const body = { [path === '/networks' ? 'network' : 'security_group']: { [key]: owner.projectId } }
        expect((await api.call(stranger, 'POST', path, body)).status).toBe(403)
      }
    expect((await api.call(stranger, 'GET', `/quotas/${owner.projectId}`)).status).toBe(404)
  })

  test('an administrator sees everything, a reader only looks', async () => {
    const [admin, reader] = [persona('admin'), persona('reader', { projectId: owner.projectId })]
    for (const path of collections) {
      const { kind, id } = mine[path]!
      expect((await api.call(admin, 'GET', `/${path}/${id}`)).status).toBe(200)
      expect((await api.call(reader, 'GET', `/${path}/${id}`)).status).toBe(200)
      expect((await api.call(reader, 'DELETE', `/${path}/${id}`)).status).toBe(403)
      if (path !== 'security-group-rules')
        expect((await api.call(reader, 'PUT', `/${path}/${id}`, { [kind]: { name: 'x' } })).status).toBe(403)
    }
    const both = await api.call(admin, 'GET', `/networks?project_id=${owner.projectId}`)
    expect(both.body.networks).toHaveLength(1)
  })
})

describe('every route', () => {
  const filled = (path: string) =>
    path
      .replace(':project_id', owner.projectId)
      .replace(':alias', 'nothing')
      .replace(/:[a-z_]+/g, UNKNOWN)

  test('asks for a token, unless it is about versions', async () => {
    for (const { method, path, access } of routesOf(api.deps)) {
      const reply = await api.app.inject({ method, url: filled(path) })
      expect([path, reply.statusCode]).toEqual([path, access === 'public' ? 200 : 401])
    }
  })

  const garbage: unknown[] = [
    '{',
    '[]',
    'null',
    '"x"',
    '7',
    '{}',
    JSON.stringify({
      network: null,
      subnet: [],
      port: 'x',
      security_group: 7,
      security_group_rule: {},
      quota: [],
      tags: {},
    }),
    JSON.stringify({
      network: { name: 7 },
      subnet: { cidr: {} },
      port: { network_id: [] },
      security_group: { name: null },
      quota: { port: 'x' },
      tags: [null],
    }),
    JSON.stringify({
      network: { name: '\u0000' },
      port: { name: '\u0000', network_id: UNKNOWN },
      security_group: { name: '\u0000' },
      tags: ['\u0000'],
    }),
    JSON.stringify({
      network: { mtu: 1e300 },
      subnet: { cidr: '1/1', ip_version: 1e9 },
      port: { fixed_ips: [[]] },
      quota: { port: 1e300 },
    }),
    JSON.stringify({ networks: [], subnets: [{}], ports: Array(501).fill({}), security_groups: {} }),
    JSON.stringify({ __proto__: 1, constructor: 2, network: { constructor: 1 } }),
    `{"network":{"name":"${'x'.repeat(300)}"},"tags":["${'x'.repeat(300)}"]}`,
  ]
  const queries = [
    '',
    '?limit=%00',
    '?name=%00',
    '?id=%00',
    '?fields=%00&fields=',
    '?marker=%00&limit=1',
    '?tags=%00,',
    '?fixed_ips==&mtu=9e9',
    '?sort_key=',
    '?created_at=x',
  ]

  test('answers garbage without failing', async () => {
    for (const { method, path } of routesOf(api.deps))
      for (const [index, body] of garbage.entries()) {
        const url = `${filled(path)}${queries[index % queries.length]}`
        const payload = method === 'GET' ? {} : { payload: body as string }
        const headers = { ...persona('admin', owner).headers, 'content-type': 'application/json' }
        const reply = await api.app.inject({ method, url, headers, ...payload })
        expect([method, url, body, reply.statusCode < 500]).toEqual([method, url, body, true])
        if (reply.statusCode >= 400) {
          expect(reply.json().NeutronError).toMatchObject({
            type: expect.any(String),
            message: expect.any(String),
            detail: '',
          })
        }
      }
  })

  test('answers odd ids without failing', async () => {
    for (const id of ['%00', '..%2f..', "'%20or%201=1", 'x'.repeat(400), '-', '%F0%9F%92%A9'])
      for (const path of collections)
        for (const method of ['GET', 'DELETE'] as const)
          expect([400, 404], id).toContain((await api.call(owner, method, `/${path}/${id}`)).status)
  })

  test('lists filtered by odd values without failing', async () => {
    const odd = ['%00', '%F0%9F%92%A9', "'", '1e999', '-1', 'x'.repeat(2000), '']
    for (const path of collections)
      for (const name of [
        'id',
        'name',
        'tags',
        'project_id',
        'fixed_ips',
        'mtu',
        'cidr',
        'revision_number',
        'not-tags-any',
      ])
        for (const value of odd) {
          const { status } = await api.call(owner, 'GET', `/${path}?${name}=${value}`)
          expect([path, name, value, status < 500]).toEqual([path, name, value, true])
        }
  })

  test('is in the OpenAPI document', () => {
    const document = openapiOf({
      name: 'network',
      title: 'Network',
      version: '2.0',
      routes: routesOf(api.deps),
    })
    expect(Object.keys(document['paths'] as object)).toContain('/v2.0/ports/{id}/wiring')
  })
})

describe('quotas', () => {
  const admin = persona('admin')
  const limits = { network: 100, subnet: 100, port: 500, security_group: 10, security_group_rule: 100 }

  test('are shown, changed by an administrator, and reset', async () => {
    const user = persona('member')
    const url = `/quotas/${user.projectId}`
    expect((await api.call(user, 'GET', url)).body).toEqual({ quota: limits })
    expect((await api.call(user, 'GET', `${url}/default`)).body).toEqual({ quota: limits })
    expect((await api.call(user, 'PUT', url, { quota: { network: 3 } })).status).toBe(403)
    expect((await api.call(admin, 'PUT', url, { quota: { network: 3 } })).body).toEqual({
      quota: { ...limits, network: 3 },
    })
    await api.network(user)
    const { quota } = (await api.call(user, 'GET', `${url}/details`)).body
    expect(quota).toMatchObject({ network: { limit: 3, used: 1, reserved: 0 }, port: { used: 0 } })
    const { quotas } = (await api.call(admin, 'GET', '/quotas')).body
    expect(quotas).toContainEqual({
      ...limits,
      network: 3,
      project_id: user.projectId,
      tenant_id: user.projectId,
    })
    expect((await api.call(admin, 'DELETE', url)).status).toBe(204)
    expect((await api.call(user, 'GET', url)).body).toEqual({ quota: limits })
    expect((await api.call(user, 'GET', '/quotas/tenant')).body.tenant.tenant_id).toBe(user.projectId)
  })

  const full: [string, (user: Persona) => Promise<[string, object]>][] = [
    ['network', async () => ['/networks', { network: {} }]],
    ['security_group', async () => ['/security-groups', { security_group: {} }]],
    ['port', async user => ['/ports', { port: { network_id: (await api.network(user)).id } }]],
  ]
  test.each(full)('of %s hold exactly, also for many at once', async (resource, prepare) => {
    const user = persona('member')
    const [path, body] = await prepare(user)
    await api.call(admin, 'PUT', `/quotas/${user.projectId}`, { quota: { [resource]: 5 } })
    const replies = await Promise.all(Array.from({ length: 12 }, () => api.call(user, 'POST', path, body)))
    const made = replies.filter(reply => reply.status === 201)
    const expected = resource === 'security_group' ? 4 : 5
    expect(made).toHaveLength(expected)
    for (const reply of replies.filter(one => one.status !== 201))
      expect(reply.body.NeutronError).toMatchObject({
        type: 'OverQuota',
        message: `Quota exceeded for resources: ['${resource}'].`,
      })
    await api.call(admin, 'PUT', `/quotas/${user.projectId}`, { quota: { [resource]: -1 } })
    expect((await api.call(user, 'POST', path, body)).status).toBe(201)
  })
})

test('versions, extensions, zones and agents', async () => {
  const { versions } = (await api.app.inject('/')).json()
  expect(versions).toMatchObject([{ id: 'v2.0', status: 'CURRENT' }])
  expect((await api.app.inject(new URL(versions[0].links[0].href).pathname)).statusCode).toBe(200)
  const { extensions } = (await api.call(owner, 'GET', '/extensions')).body
  for (const { alias } of extensions)
    expect((await api.call(owner, 'GET', `/extensions/${alias}`)).body.extension.alias).toBe(alias)
  expect((await api.call(owner, 'GET', '/extensions/router')).status).toBe(404)
  expect((await api.call(owner, 'GET', '/availability_zones')).body.availability_zones).toHaveLength(1)
  expect((await api.call(persona('admin'), 'GET', '/agents')).body).toEqual({ agents: [] })
  const ovn = (who: Persona) => api.app.inject({ url: '/x/ovn', headers: who.headers })
  expect((await ovn(persona('admin'))).json()).toMatchObject({
    ovn: { state: 'stopped', waiting: 0, nb_cfg: null },
  })
  expect((await ovn(owner)).statusCode).toBe(403)
  expect((await api.call(owner, 'GET', '/agents')).body).toEqual({ agents: [] })
})
