/**
 * The part of our rows that OVN must know: the input of the mapping. A topology may be everything, or a part that is
 * closed upwards: with a port come its network, the subnets of its addresses and its security groups.
 */
export interface Topology {
  networks: NetworkWant[]
  subnets: SubnetWant[]
  ports: PortWant[]
  groups: GroupWant[]
}

export interface NetworkWant {
  id: string
  generation: number
}

export interface SubnetWant {
  id: string
  network_id: string
  generation: number
  ip_version: 4 | 6
  cidr: string
  gateway_ip: string | null
  enable_dhcp: boolean
  dns_nameservers: string[]
  host_routes: { destination: string; nexthop: string }[]
  /** of the network, bytes */
  mtu: number
  /** address of the network's metadata port in this subnet */
  metadata_ip: string | null
}

export interface PortWant {
  id: string
  network_id: string
  generation: number
  mac_address: string
  admin_state_up: boolean
  port_security_enabled: boolean
  device_owner: string
  /** where it shall be plugged; '' for not yet */
  host: string
  fixed_ips: { subnet_id: string; ip_address: string }[]
  allowed_address_pairs: { mac_address?: string; ip_address: string }[]
  security_groups: string[]
}

export interface GroupWant {
  id: string
  generation: number
  stateful: boolean
  rules: RuleWant[]
}

export interface RuleWant {
  id: string
  direction: 'ingress' | 'egress'
  ethertype: 'IPv4' | 'IPv6'
  /** name or number as Neutron has it; null for any */
  protocol: string | null
  port_range_min: number | null
  port_range_max: number | null
  remote_ip_prefix: string | null
  remote_group_id: string | null
}

/** Neutron's device owner of the port through which every host answers metadata (neutron_lib DEVICE_OWNER_DISTRIBUTED). */
export const METADATA_OWNER = 'network:distributed'
