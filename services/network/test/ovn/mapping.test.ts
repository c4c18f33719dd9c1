import { describe, expect, it } from 'vitest'
import { aclsOf, DROP_GROUP, dropAcls, groupName } from '../../src/ovn/acl.ts'
import { dhcpOf } from '../../src/ovn/dhcp.ts'
import { wantedOf } from '../../src/ovn/mapping.ts'
import type { PortWant, RuleWant, SubnetWant } from '../../src/ovn/topology.ts'
import { defaultGroup, id, port, rule, subnet, topology } from './example.ts'

const pg = groupName(id('grou', 1))

describe('a security group rule becomes a match', () => {
  it.each<[string, Partial<RuleWant>, string]>([
    ['any ingress', {}, `outport == @${pg} && ip4`],
    ['any egress v6', { direction: 'egress', ethertype: 'IPv6' }, `inport == @${pg} && ip6`],
    [
      'one tcp port',
      { protocol: 'tcp', port_range_min: 22, port_range_max: 22 },
      `outport == @${pg} && ip4 && tcp && tcp.dst == 22`,
    ],
    [
      'a range, protocol by number',
      { protocol: '17', port_range_min: 1, port_range_max: 9 },
      `outport == @${pg} && ip4 && udp && udp.dst >= 1 && udp.dst <= 9`,
    ],
    ['all of sctp', { protocol: 'sctp' }, `outport == @${pg} && ip4 && sctp`],
    [
      'icmp type and code',
      { protocol: 'icmp', port_range_min: 8, port_range_max: 0 },
      `outport == @${pg} && ip4 && icmp4 && icmp4.type == 8 && icmp4.code == 0`,
    ],
    [
      'icmpv6 type',
      { protocol: 'ipv6-icmp', ethertype: 'IPv6', port_range_min: 128 },
      `outport == @${pg} && ip6 && icmp6 && icmp6.type == 128`,
    ],
    ['another protocol', { protocol: 'vrrp' }, `outport == @${pg} && ip4 && ip.proto == 112`],
    [
      'from a prefix, host bits cut off',
      { remote_ip_prefix: '192.0.2.7/24' },
      `outport == @${pg} && ip4 && ip4.src == 192.0.2.0/24`,
    ],
    [
      'to a prefix',
      { direction: 'egress', ethertype: 'IPv6', remote_ip_prefix: '2001:DB8::/32' },
      `inport == @${pg} && ip6 && ip6.dst == 2001:db8::/32`,
    ],
    [
      'from a group',
      { remote_group_id: id('grou', 2) },
      `outport == @${pg} && ip4 && ip4.src == $${groupName(id('grou', 2))}_ip4`,
    ],
  ])('%s', (_, over, match) => {
    const group = { ...defaultGroup(1), rules: [rule(1, over)] }
    expect(aclsOf(group).get(id('rule', 1))).toEqual({
      direction: over.direction === 'egress' ? 'from-lport' : 'to-lport',
      priority: 1002,
      match,
      action: 'allow-related',
    })
  })

  it('does not follow connections in a stateless group', () => {
    const [acl] = aclsOf({ ...defaultGroup(1), stateful: false }).values()
    expect(acl!.action).toBe('allow-stateless')
  })

  it('is weaker than the guard against rogue servers and stronger than the drop', () => {
    const priorities = [...dropAcls()].map(([name, acl]) => [name, acl.priority - 1002])
    expect(Object.fromEntries(priorities)).toMatchObject({ 'drop-in': -1, 'drop-out': -1, 'dhcp4-server': 1 })
  })
})

describe('a subnet becomes DHCP options', () => {
  it.each<[string, Partial<SubnetWant>, Record<string, string | undefined>]>([
    [
      'everything',
      {
        dns_nameservers: ['9.9.9.9', '1.1.1.1'],
        host_routes: [{ destination: '172.16.0.0/12', nexthop: '10.0.0.9' }],
      },
      {
        server_id: '10.0.0.1',
        router: '10.0.0.1',
        mtu: '1442',
        lease_time: '43200',
        dns_server: '{9.9.9.9, 1.1.1.1}',
        classless_static_route: '{169.254.169.254/32,10.0.0.2, 172.16.0.0/12,10.0.0.9, 0.0.0.0/0,10.0.0.1}',
      },
    ],
    [
      'no gateway: the metadata port is the server',
      { gateway_ip: null },
      {
        server_id: '10.0.0.2',
        router: undefined,
        classless_static_route: '{169.254.169.254/32,10.0.0.2}',
        dns_server: undefined,
      },
    ],
    ['no metadata port', { metadata_ip: null }, { classless_static_route: '{0.0.0.0/0,10.0.0.1}' }],
    [
      'neither',
      { metadata_ip: null, gateway_ip: null },
      { classless_static_route: undefined, server_id: undefined },
    ],
  ])('%s', (_, over, options) => {
    const dhcp = dhcpOf(subnet(1, over))!
    expect(dhcp.cidr).toBe('10.0.0.0/24')
    expect(dhcp.options.server_mac).toMatch(/^fa:16:3e:/)
    for (const [name, value] of Object.entries(options)) expect(dhcp.options[name], name).toBe(value)
  })

  it('IPv6', () => {
    const over = { ip_version: 6, cidr: 'fd00::/64', dns_nameservers: ['fd00::53'] } as const
    const dhcp = dhcpOf(subnet(1, { ...over, dns_nameservers: [...over.dns_nameservers] }))!
    expect(dhcp).toEqual({
      cidr: 'fd00::/64',
      options: { server_id: expect.stringMatching(/^fa:16:3e/), dns_server: '{fd00::53}' },
    })
  })

  it('nothing when DHCP is off', () => expect(dhcpOf(subnet(1, { enable_dhcp: false }))).toBeNull())
})

describe('a port becomes a logical switch port', () => {
  const own = 'fa:16:3e:00:00:0b 10.0.0.11'
  it.each<[string, Partial<PortWant>, object]>([
    [
      'bound to its addresses, in the drop group and its own',
      {},
      {
        columns: { addresses: [own], port_security: [own], enabled: true, type: '', options: {} },
        groups: [DROP_GROUP, pg],
      },
    ],
    ['asks for its host', { host: 'h1' }, { columns: { options: { 'requested-chassis': 'h1' } } }],
    ['is off', { admin_state_up: false }, { columns: { enabled: false } }],
    [
      'may use more addresses by pairs',
      {
        allowed_address_pairs: [
          { ip_address: '10.0.0.100' },
          { ip_address: '10.1.0.0/16', mac_address: 'fa:16:3e:aa:aa:aa' },
          { ip_address: '10.0.0.101', mac_address: 'fa:16:3e:aa:aa:aa' },
        ],
      },
      {
        columns: {
          addresses: [own, 'fa:16:3e:aa:aa:aa'],
          port_security: [`${own} 10.0.0.100`, 'fa:16:3e:aa:aa:aa 10.1.0.0/16 10.0.0.101'],
        },
      },
    ],
    [
      'without port security it may send anything and no group filters it',
      { port_security_enabled: false, security_groups: [] },
      { columns: { addresses: [own, 'unknown'], port_security: [] }, groups: [] },
    ],
    [
      'is the metadata port',
      { device_owner: 'network:distributed', security_groups: [], host: '' },
      { columns: { type: 'localport', addresses: [own], port_security: [] }, groups: [], dhcpv4: null },
    ],
    [
      'has no address',
      { fixed_ips: [] },
      { columns: { addresses: ['fa:16:3e:00:00:0b'], port_security: ['fa:16:3e:00:00:0b'] }, dhcpv4: null },
    ],
  ])('%s', (_, over, expected) => {
    const wanted = wantedOf(topology({ ports: [port(11, over)] }))
    expect(wanted.ports.get(id('port', 11))).toMatchObject(expected)
  })

  it('gets the DHCP options of its subnet, one per IP version, where DHCP is on', () => {
    const six = subnet(2, { ip_version: 6, cidr: 'fd00::/64', gateway_ip: null, metadata_ip: null })
    const fixed_ips = [
      { subnet_id: id('subn', 1), ip_address: '10.0.0.11' },
      { subnet_id: id('subn', 2), ip_address: 'fd00::11' },
    ]
    const both = wantedOf(topology({ subnets: [subnet(1), six], ports: [port(11, { fixed_ips })] }))
    expect(both.ports.get(id('port', 11))).toMatchObject({ dhcpv4: id('subn', 1), dhcpv6: id('subn', 2) })
    const off = wantedOf(
      topology({ subnets: [subnet(1, { enable_dhcp: false }), six], ports: [port(11, { fixed_ips })] }),
    )
    expect(off.ports.get(id('port', 11))).toMatchObject({ dhcpv4: null, dhcpv6: id('subn', 2) })
  })
})

it('marks every row with our id and generation', () => {
  const wanted = wantedOf(topology({ networks: [{ id: id('netw', 1), generation: 7 }] }))
  expect(wanted.switches.get(id('netw', 1))).toEqual({
    name: `neutron-${id('netw', 1)}`,
    external_ids: { 'caelum:id': id('netw', 1), 'caelum:generation': '7' },
  })
  expect(wanted.groups.get(pg)!.columns.external_ids['caelum:id']).toBe(id('grou', 1))
})
