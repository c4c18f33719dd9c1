import { persona } from '@caelum/testkit'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type TestApp, testApp } from './app.ts'

let api: TestApp
const user = persona('member')
beforeAll(async () => {
  api = await testApp()
})
afterAll(() => api.close())

test('a subnet gets all defaults', async () => {
  const network = await api.network(user)
  const subnet = await api.subnet(user, network.id, { name: 's', cidr: '192.168.5.9/24' })
  expect(subnet).toMatchObject({
    name: 's',
    network_id: network.id,
    ip_version: 4,
    cidr: '192.168.5.0/24',
    gateway_ip: '192.168.5.1',
    enable_dhcp: true,
    allocation_pools: [{ start: '192.168.5.2', end: '192.168.5.254' }],
    dns_nameservers: [],
    host_routes: [],
    subnetpool_id: null,
    ipv6_ra_mode: null,
    project_id: user.projectId,
  })
  expect((await api.call(user, 'GET', `/networks/${network.id}`)).body.network.subnets).toEqual([subnet.id])
})

describe('what is asked for', () => {
  test.each<[string, object, object]>([
    [
      'no gateway',
      { gateway_ip: null },
      { gateway_ip: null, allocation_pools: [{ start: '10.0.0.1', end: '10.0.0.254' }] },
    ],
    [
      'a gateway in the middle splits the pool',
      { gateway_ip: '10.0.0.100' },
      {
        allocation_pools: [
          { start: '10.0.0.1', end: '10.0.0.99' },
          { start: '10.0.0.101', end: '10.0.0.254' },
        ],
      },
    ],
    [
      'pools in any order',
      {
        allocation_pools: [
          { start: '10.0.0.50', end: '10.0.0.60' },
          { start: '10.0.0.10', end: '10.0.0.20' },
        ],
      },
      {
        allocation_pools: [
          { start: '10.0.0.10', end: '10.0.0.20' },
          { start: '10.0.0.50', end: '10.0.0.60' },
        ],
      },
    ],
    ['the version from the cidr', { ip_version: undefined }, { ip_version: 4 }],
    ['a version in words', { ip_version: '4' }, { ip_version: 4 }],
    [
      'name servers and routes',
      { dns_nameservers: ['9.9.9.9'], host_routes: [{ destination: '172.16.0.0/12', nexthop: '10.0.0.9' }] },
      { dns_nameservers: ['9.9.9.9'], host_routes: [{ destination: '172.16.0.0/12', nexthop: '10.0.0.9' }] },
    ],
    [
      'a tiny one without DHCP',
      { cidr: '10.0.0.4/31', enable_dhcp: false },
      { gateway_ip: '10.0.0.4', allocation_pools: [{ start: '10.0.0.5', end: '10.0.0.5' }] },
    ],
    [
      'IPv6 with DHCPv6',
      { ip_version: 6, cidr: 'FD00:0::/64', ipv6_address_mode: 'dhcpv6-stateful' },
      {
        cidr: 'fd00::/64',
        gateway_ip: 'fd00::1',
        ipv6_address_mode: 'dhcpv6-stateful',
        allocation_pools: [{ start: 'fd00::2', end: 'fd00::ffff:ffff:ffff:ffff' }],
      },
    ],
  ])('%s', async (_, want, expected) => {
    const network = await api.network(persona('member', user))
    expect(await api.subnet(user, network.id, want)).toMatchObject(expected)
    await api.call(user, 'DELETE', `/networks/${network.id}`)
  })

  test.each<[string, object, number, string]>([
    ['overlap', { cidr: '10.9.0.128/25' }, 400, 'overlaps with another subnet'],
    ['the wrong version', { ip_version: 6 }, 400, 'not of IP version 6'],
    ['prefix 0', { cidr: '0.0.0.0/0' }, 400, 'prefix length'],
    ['multicast', { cidr: '224.1.0.0/16' }, 400, 'reserved'],
    ['metadata', { cidr: '169.254.0.0/16' }, 400, 'reserved'],
    ['/31 with DHCP', { cidr: '10.0.0.0/31' }, 400, 'incompatible with DHCP'],
    ['gateway on the network address', { gateway_ip: '10.0.0.0' }, 400, 'Gateway is not valid'],
    ['gateway on the broadcast address', { gateway_ip: '10.0.0.255' }, 400, 'Gateway is not valid'],
    ['gateway of the other version', { gateway_ip: 'fd00::1' }, 400, 'does not match'],
    [
      'gateway in a pool',
      { allocation_pools: [{ start: '10.0.0.1', end: '10.0.0.9' }] },
      409,
      'conflicts with allocation pool',
    ],
    ['pool upside down', { allocation_pools: [{ start: '10.0.0.9', end: '10.0.0.5' }] }, 400, 'not valid'],
    ['pool outside', { allocation_pools: [{ start: '10.0.0.9', end: '10.0.1.5' }] }, 400, 'spans beyond'],
    [
      'pools overlap',
      {
        allocation_pools: [
          { start: '10.0.0.9', end: '10.0.0.19' },
          { start: '10.0.0.19', end: '10.0.0.29' },
        ],
      },
      409,
      'overlapping',
    ],
    ['name server of the other version', { dns_nameservers: ['fd00::1'] }, 400, 'does not match'],
    ['the same name server twice', { dns_nameservers: ['9.9.9.9', '9.9.9.9'] }, 400, 'must not repeat'],
    [
      'route of the other version',
      { host_routes: [{ destination: 'fd00::/8', nexthop: 'fd00::1' }] },
      400,
      'does not match',
    ],
    [
      'router advertisements',
      { ip_version: 6, cidr: 'fd00::/64', ipv6_ra_mode: 'slaac' },
      400,
      'need a router',
    ],
    ['SLAAC', { ip_version: 6, cidr: 'fd00::/64', ipv6_address_mode: 'slaac' }, 400, 'need a router'],
    ['IPv6 modes for IPv4', { ipv6_address_mode: 'dhcpv6-stateful' }, 400, 'not valid when ip_version is 4'],
    ['subnet pools', { subnetpool_id: '6ba7b810-9dad-11d1-80b4-00c04fd430c8' }, 400, 'not offered'],
    ['no cidr', { cidr: undefined }, 400, 'cidr'],
    ['a cidr that is none', { cidr: '10.0.0.0' }, 400, 'CIDR'],
    ['an unknown network', { network_id: '6ba7b810-9dad-11d1-80b4-00c04fd430c8' }, 404, 'could not be found'],
  ])('%s is refused', async (_, want, status, words) => {
    const network = await api.network(user)
    await api.subnet(user, network.id, { cidr: '10.9.0.0/16' })
    const body = { subnet: { network_id: network.id, cidr: '10.0.0.0/24', ip_version: 4, ...want } }
    const reply = await api.call(user, 'POST', '/subnets', body)
    expect([reply.status, reply.body.NeutronError?.message]).toEqual([status, expect.stringContaining(words)])
    await api.call(user, 'DELETE', `/networks/${network.id}`)
  })
})

test('a subnet is changed, within the same rules', async () => {
  const network = await api.network(user)
  const subnet = await api.subnet(user, network.id)
  const change = (want: object) => api.call(user, 'PUT', `/subnets/${subnet.id}`, { subnet: want })
  expect((await change({ name: 'new', dns_nameservers: ['1.1.1.1'] })).body.subnet).toMatchObject({
    name: 'new',
    dns_nameservers: ['1.1.1.1'],
    revision_number: 2,
  })
  expect((await change({ gateway_ip: '10.0.0.77' })).body.NeutronError.type).toBe(
    'GatewayConflictWithAllocationPools',
  )
  const moved = await change({
    gateway_ip: '10.0.0.254',
    allocation_pools: [{ start: '10.0.0.10', end: '10.0.0.99' }],
  })
  expect(moved.body.subnet).toMatchObject({ gateway_ip: '10.0.0.254' })
  expect((await change({ gateway_ip: null })).body.subnet.gateway_ip).toBeNull()
  expect((await change({ cidr: '10.0.0.0/25' })).status).toBe(400)
  expect((await api.port(user, network.id)).fixed_ips[0].ip_address).toBe('10.0.0.10')
})

test('a subnet in use cannot be deleted', async () => {
  const network = await api.network(user)
  const subnet = await api.subnet(user, network.id)
  const port = await api.port(user, network.id)
  const refused = await api.call(user, 'DELETE', `/subnets/${subnet.id}`)
  expect([refused.status, refused.body.NeutronError.type]).toEqual([409, 'SubnetInUse'])
  await api.call(user, 'DELETE', `/ports/${port.id}`)
  expect((await api.call(user, 'DELETE', `/subnets/${subnet.id}`)).status).toBe(204)
  expect((await api.call(user, 'GET', `/networks/${network.id}`)).body.network.subnets).toEqual([])
})

test('of subnets that overlap and are created at once, one is made', async () => {
  const network = await api.network(user)
  const body = { subnet: { network_id: network.id, cidr: '10.0.0.0/24', ip_version: 4 } }
  const replies = await Promise.all(Array.from({ length: 8 }, () => api.call(user, 'POST', '/subnets', body)))
  expect(replies.map(reply => reply.status).sort()).toEqual([201, 400, 400, 400, 400, 400, 400, 400])
})
