import type { GroupWant, PortWant, RuleWant, SubnetWant, Topology } from '../../src/ovn/topology.ts'

/** Ids that read well in failures. */
export const id = (kind: string, n: number): string =>
  `${Buffer.from(kind.padEnd(4, '_')).toString('hex').slice(0, 8)}-0000-4000-8000-${String(n).padStart(12, '0')}`

export const subnet = (n: number, over: Partial<SubnetWant> = {}): SubnetWant => ({
  id: id('subn', n),
  network_id: id('netw', n),
  generation: 1,
  ip_version: 4,
  cidr: '10.0.0.0/24',
  gateway_ip: '10.0.0.1',
  enable_dhcp: true,
  dns_nameservers: [],
  host_routes: [],
  mtu: 1442,
  metadata_ip: '10.0.0.2',
  ...over,
})

export const port = (n: number, over: Partial<PortWant> = {}): PortWant => ({
  id: id('port', n),
  network_id: id('netw', 1),
  generation: 1,
  mac_address: `fa:16:3e:00:00:${n.toString(16).padStart(2, '0')}`,
  admin_state_up: true,
  port_security_enabled: true,
  device_owner: 'compute:nova',
  host: '',
  fixed_ips: [{ subnet_id: id('subn', 1), ip_address: `10.0.0.${n}` }],
  allowed_address_pairs: [],
  security_groups: [id('grou', 1)],
  ...over,
})

export const rule = (n: number, over: Partial<RuleWant> = {}): RuleWant => ({
  id: id('rule', n),
  direction: 'ingress',
  ethertype: 'IPv4',
  protocol: null,
  port_range_min: null,
  port_range_max: null,
  remote_ip_prefix: null,
  remote_group_id: null,
  ...over,
})

/** What Neutron puts into every project's default group: all out, in only from its own members. */
export const defaultGroup = (n: number): GroupWant => ({
  id: id('grou', n),
  generation: 1,
  stateful: true,
  rules: [
    rule(n * 10 + 1, { direction: 'egress' }),
    rule(n * 10 + 2, { direction: 'egress', ethertype: 'IPv6' }),
    rule(n * 10 + 3, { remote_group_id: id('grou', n) }),
    rule(n * 10 + 4, { remote_group_id: id('grou', n), ethertype: 'IPv6' }),
  ],
})

export const topology = (over: Partial<Topology> = {}): Topology => ({
  networks: [{ id: id('netw', 1), generation: 1 }],
  subnets: [subnet(1)],
  ports: [port(11), port(12)],
  groups: [defaultGroup(1)],
  ...over,
})
