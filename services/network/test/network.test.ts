import { persona } from '@caelum/testkit'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type TestApp, testApp } from './app.ts'

let api: TestApp
beforeAll(async () => {
  api = await testApp()
})
afterAll(() => api.close())

const names = (body: { networks: { name: string }[] }) => body.networks.map(network => network.name)

test('a network is created, listed, shown, changed and deleted', async () => {
  const user = persona('member')
  const created = await api.call(user, 'POST', '/networks', { network: { name: 'lan' } })
  expect(created.status).toBe(201)
  expect(created.body.network).toMatchObject({
    name: 'lan',
    status: 'ACTIVE',
    admin_state_up: true,
    shared: false,
    subnets: [],
    mtu: 1442,
    port_security_enabled: true,
    'router:external': false,
    project_id: user.projectId,
    tenant_id: user.projectId,
    tags: [],
    revision_number: 1,
  })
  expect(created.body.network.created_at).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/)
  const url = `/networks/${created.body.network.id}`
  expect((await api.call(user, 'GET', url)).body).toEqual(created.body)
  expect((await api.call(user, 'GET', '/networks')).body.networks).toEqual([created.body.network])

  const changed = await api.call(user, 'PUT', url, {
    network: { name: 'wan', admin_state_up: 'False', mtu: '1400' },
  })
  expect(changed.body.network).toMatchObject({
    name: 'wan',
    admin_state_up: false,
    mtu: 1400,
    revision_number: 2,
  })

  const removed = await api.call(user, 'DELETE', url)
  expect([removed.status, removed.body]).toEqual([204, ''])
  expect((await api.call(user, 'GET', url)).status).toBe(404)
  expect((await api.call(user, 'DELETE', url)).body.NeutronError.type).toBe('NetworkNotFound')
})

test('several are created at once, or none', async () => {
  const user = persona('member')
  const both = await api.call(user, 'POST', '/networks', { networks: [{ name: 'a' }, { name: 'b' }] })
  expect([both.status, names(both.body)]).toEqual([201, ['a', 'b']])
  const bad = await api.call(user, 'POST', '/networks', {
    networks: [{ name: 'c' }, { name: 'd', mtu: 9000 }],
  })
  expect(bad.body.NeutronError).toMatchObject({
    type: 'InvalidInput',
    message: expect.stringContaining('maximum is 1442'),
  })
  expect(names((await api.call(user, 'GET', '/networks')).body)).toEqual(['a', 'b'])
})

test('a network with ports cannot be deleted; its subnets go with it', async () => {
  const user = persona('member')
  const network = await api.network(user)
  const subnet = await api.subnet(user, network.id)
  const port = await api.port(user, network.id)
  const refused = await api.call(user, 'DELETE', `/networks/${network.id}`)
  expect(refused.status).toBe(409)
  expect(refused.body.NeutronError).toMatchObject({
    type: 'NetworkInUse',
    message: expect.stringContaining(port.id),
  })
  expect((await api.call(user, 'DELETE', `/ports/${port.id}`)).status).toBe(204)
  expect((await api.call(user, 'DELETE', `/networks/${network.id}`)).status).toBe(204)
  expect((await api.call(user, 'GET', `/subnets/${subnet.id}`)).status).toBe(404)
  expect((await api.call(user, 'GET', '/ports')).body.ports).toEqual([])
})

test('each network has a metadata port with an address in every subnet with DHCP, which nobody can touch', async () => {
  const user = persona('member')
  const network = await api.network(user)
  const subnet = await api.subnet(user, network.id)
  await api.subnet(user, network.id, { cidr: '10.1.0.0/24', enable_dhcp: false })
  const { body } = await api.call(user, 'GET', `/ports?network_id=${network.id}`)
  expect(body.ports).toMatchObject([
    {
      device_owner: 'network:distributed',
      device_id: `ovnmeta-${network.id}`,
      fixed_ips: [{ subnet_id: subnet.id, ip_address: '10.0.0.2' }],
      security_groups: [],
      port_security_enabled: false,
    },
  ])
  const url = `/ports/${body.ports[0].id}`
  expect((await api.call(user, 'DELETE', url)).body.NeutronError.type).toBe('ServicePortInUse')
  expect((await api.call(user, 'PUT', url, { port: { name: 'x' } })).status).toBe(409)
  await api.call(user, 'PUT', `/subnets/${subnet.id}`, { subnet: { enable_dhcp: false } })
  expect((await api.call(user, 'GET', url)).body.port.fixed_ips).toEqual([])
  await api.call(user, 'PUT', `/subnets/${subnet.id}`, { subnet: { enable_dhcp: true } })
  expect((await api.call(user, 'GET', url)).body.port.fixed_ips).toHaveLength(1)
})

describe('sharing', () => {
  test('only an administrator shares; then others see it, but do not change it', async () => {
    const [admin, owner, other] = [persona('admin'), persona('member'), persona('member')]
    expect((await api.call(owner, 'POST', '/networks', { network: { shared: true } })).status).toBe(403)
    const network = await api.network(admin, { name: 'public', shared: true, project_id: owner.projectId })
    const subnet = await api.subnet(owner, network.id)
    expect(names((await api.call(other, 'GET', '/networks?shared=True')).body)).toContain('public')
    expect((await api.call(other, 'GET', `/subnets/${subnet.id}`)).status).toBe(200)
    expect(
      (await api.call(other, 'PUT', `/networks/${network.id}`, { network: { name: 'mine' } })).status,
    ).toBe(403)
    expect((await api.call(other, 'DELETE', `/subnets/${subnet.id}`)).status).toBe(403)
    const port = await api.port(other, network.id)
    expect(port.fixed_ips).toHaveLength(1)
    expect((await api.call(owner, 'GET', `/ports/${port.id}`)).status).toBe(404)
    for (const want of [
      { mac_address: 'fa:16:3e:11:22:33' },
      { fixed_ips: [{ ip_address: '10.0.0.99' }] },
      { port_security_enabled: false },
    ])
      expect(
        (await api.call(other, 'POST', '/ports', { port: { network_id: network.id, ...want } })).status,
      ).toBe(403)
    const unshare = await api.call(admin, 'PUT', `/networks/${network.id}`, { network: { shared: false } })
    expect(unshare.body.NeutronError.type).toBe('InvalidSharedSetting')
    await api.call(other, 'DELETE', `/ports/${port.id}`)
    expect(
      (await api.call(admin, 'PUT', `/networks/${network.id}`, { network: { shared: false } })).status,
    ).toBe(200)
    expect((await api.call(other, 'GET', `/networks/${network.id}`)).status).toBe(404)
  })
})

describe('lists', () => {
  const user = persona('member')
  beforeAll(async () => {
    for (const [index, name] of ['e', 'd', 'c', 'b', 'a'].entries())
      await api.network(user, { name, description: index % 2 ? 'odd' : '', mtu: 1400 + index })
  })
  const list = async (query: string) => (await api.call(user, 'GET', `/networks${query}`)).body

  test.each([
    ['?name=a', ['a']],
    ['?name=a&name=c&sort_key=name', ['a', 'c']],
    ['?description=odd', ['d', 'b']],
    ['?description=', ['e', 'c', 'a']],
    ['?mtu=1401', ['d']],
    ['?mtu=no', []],
    ['?id=nonsense', []],
    ['?admin_state_up=False', []],
    ['?status=ACTIVE&name=a', ['a']],
    ['?status=DOWN', []],
    ['?router:external=True', []],
    ['?sort_key=name&sort_dir=desc', ['e', 'd', 'c', 'b', 'a']],
    ['?sort_key=description&sort_key=name&sort_dir=desc&sort_dir=asc', ['b', 'd', 'a', 'c', 'e']],
  ])('%s', async (query, expected) => expect(names(await list(query))).toEqual(expected))

  test('pages forward and backward lead through everything once', async () => {
    for (const sort of ['', '&sort_key=name', '&sort_key=description&sort_dir=desc']) {
      const whole = names(await list(`?${sort.slice(1)}`))
      const seen: string[] = []
      let page = await list(`?limit=2${sort}`)
      for (;;) {
        seen.push(...names(page))
        const next = page.networks_links.find((link: { rel: string }) => link.rel === 'next')
        if (!next) break
        page = await list(new URL(next.href).search)
      }
      expect(seen).toEqual(whole)
      const last = (await list(`?limit=2&page_reverse=True${sort}`)) as { networks: { name: string }[] }
      expect(names(last)).toEqual(whole.slice(-2))
    }
  })

  test('fields', async () => {
    expect((await list('?name=a&fields=name&fields=mtu')).networks).toEqual([{ name: 'a', mtu: 1404 }])
    const { id } = (await list('?name=a')).networks[0]
    expect((await api.call(user, 'GET', `/networks/${id}?fields=name`)).body).toEqual({
      network: { name: 'a' },
    })
  })

  test.each([
    ['?colour=red', 'invalid attribute for filtering'],
    ['?sort_key=colour', 'invalid attribute for sort_keys'],
    ['?sort_key=subnets', 'invalid attribute for sort_keys'],
    ['?sort_key=name&sort_dir=up', 'sort_dir'],
    ['?sort_key=name&sort_dir=asc&sort_dir=asc', 'must be same'],
    ['?limit=-1', 'limit'],
    ['?limit=x', 'limit'],
    ['?constructor=x', 'invalid attribute for filtering'],
  ])('%s is refused', async (query, words) => {
    const reply = await api.call(user, 'GET', `/networks${query}`)
    expect(reply.status).toBe(400)
    expect(reply.body.NeutronError.message).toContain(words)
  })

  test('an unknown marker is 404', async () => {
    expect((await api.call(user, 'GET', '/networks?limit=1&marker=nothing')).status).toBe(404)
  })
})

describe('tags', () => {
  const user = persona('member')
  test('are replaced, added, asked for and removed, and lists are filtered by them', async () => {
    const [one, two] = [await api.network(user, { name: 'one' }), await api.network(user, { name: 'two' })]
    const url = `/networks/${one.id}/tags`
    expect((await api.call(user, 'PUT', url, { tags: ['red', 'blue', 'red'] })).body).toEqual({
      tags: ['red', 'blue'],
    })
    expect((await api.call(user, 'PUT', `${url}/green`)).status).toBe(201)
    await api.call(user, 'PUT', `/networks/${two.id}/tags`, { tags: ['red'] })
    expect((await api.call(user, 'GET', url)).body).toEqual({ tags: ['red', 'blue', 'green'] })
    expect((await api.call(user, 'GET', `${url}/green`)).status).toBe(204)
    expect((await api.call(user, 'GET', `${url}/black`)).status).toBe(404)
    const found = async (query: string) => names((await api.call(user, 'GET', `/networks?${query}`)).body)
    expect(await found('tags=red,blue')).toEqual(['one'])
    expect(await found('tags-any=blue,red')).toEqual(['one', 'two'])
    expect(await found('not-tags=red,blue')).toEqual(['two'])
    expect(await found('not-tags-any=blue')).toEqual(['two'])
    expect((await api.call(user, 'DELETE', `${url}/blue`)).status).toBe(204)
    expect((await api.call(user, 'DELETE', `${url}/blue`)).status).toBe(404)
    expect((await api.call(user, 'DELETE', url)).status).toBe(204)
    expect((await api.call(user, 'GET', `/networks/${one.id}`)).body.network.tags).toEqual([])
  })
  test('many added at once are all kept', async () => {
    const { id } = await api.network(user)
    const tags = Array.from({ length: 20 }, (_, i) => `t${i}`)
    await Promise.all(tags.map(tag => api.call(user, 'PUT', `/networks/${id}/tags/${tag}`)))
    expect((await api.call(user, 'GET', `/networks/${id}/tags`)).body.tags.sort()).toEqual(tags.sort())
  })
  test.each([
    [['']],
    [['a,b']],
    [['a/b']],
    ['red'],
    [[7]],
    [
      Array(51)
        .fill('x')
        .map((x, i) => x + i),
    ],
  ])('%j is refused', async tags => {
    const { id } = await api.network(user)
    expect((await api.call(user, 'PUT', `/networks/${id}/tags`, { tags })).status).toBe(400)
  })
})
