/**
 * From our nouns to OVN's (learned from neutron's OVN driver, doc/source/contributor/internals/ovn):
 *
 *   network              Logical_Switch
 *   subnet with DHCP     DHCP_Options
 *   port                 Logical_Switch_Port, named by the port's id: hosts plug interfaces with that `iface-id`
 *   metadata port        Logical_Switch_Port of type localport: the same on every host, traffic never leaves it
 *   security group       Port_Group with one ACL per rule
 *   all protected ports  one Port_Group that drops what nothing allows
 *
 * A pure function: the same topology gives the same wanted set, and nothing here knows what OVN holds now.
 */
import { type AclWant, aclsOf, DROP_GROUP, dropAcls, groupName } from './acl.ts'
import { type DhcpWant, dhcpOf } from './dhcp.ts'
import {
  METADATA_OWNER,
  type NetworkWant,
  type PortWant,
  type SubnetWant,
  type Topology,
} from './topology.ts'

/** Keys of `external_ids`: whose row this is, and which generation of it was written. */
export const OWNER_ID = 'caelum:id'
export const GENERATION = 'caelum:generation'

type Mark = { [OWNER_ID]: string; [GENERATION]: string }

export interface SwitchPortWant {
  network_id: string
  columns: {
    name: string
    type: '' | 'localport'
    addresses: string[]
    port_security: string[]
    enabled: boolean
    options: Record<string, string>
    external_ids: Mark
  }
  /** subnet whose DHCP options it gets */
  dhcpv4: string | null
  dhcpv6: string | null
  /** names of port groups */
  groups: string[]
}

export interface PortGroupWant {
  columns: { name: string; external_ids: Mark }
  acls: Map<string, AclWant>
}

/** Each map is by the id of our row; groups are by name. */
export interface Wanted {
  switches: Map<string, { name: string; external_ids: Mark }>
  dhcp: Map<string, DhcpWant & { external_ids: Mark }>
  ports: Map<string, SwitchPortWant>
  groups: Map<string, PortGroupWant>
}

export const switchName = (networkId: string): string => `neutron-${networkId}`

const mark = (id: string, generation: number): Mark => ({
  [OWNER_ID]: id,
  [GENERATION]: String(generation),
})

export const wantedOf = (topology: Topology): Wanted => {
  const subnets = new Map(topology.subnets.map(subnet => [subnet.id, subnet]))
  return {
    switches: new Map(topology.networks.map(network => [network.id, switchOf(network)])),
    dhcp: new Map(
      topology.subnets.flatMap(subnet => {
        const dhcp = dhcpOf(subnet)
        return dhcp
          ? [[subnet.id, { ...dhcp, external_ids: mark(subnet.id, subnet.generation) }] as const]
          : []
      }),
    ),
    ports: new Map(topology.ports.map(port => [port.id, switchPortOf(port, subnets)])),
    groups: new Map([
      [DROP_GROUP, { columns: { name: DROP_GROUP, external_ids: mark(DROP_GROUP, 1) }, acls: dropAcls() }],
      ...topology.groups.map(group => {
        const name = groupName(group.id)
        const external_ids = mark(group.id, group.generation)
        return [name, { columns: { name, external_ids }, acls: aclsOf(group) }] as const
      }),
    ]),
  }
}

const switchOf = ({ id, generation }: NetworkWant) => ({
  name: switchName(id),
  external_ids: mark(id, generation),
})

const switchPortOf = (port: PortWant, subnets: ReadonlyMap<string, SubnetWant>): SwitchPortWant => {
  const isMetadata = port.device_owner === METADATA_OWNER
  const isTrusted = port.device_owner.startsWith('network:')
  const isProtected = port.port_security_enabled && !isTrusted
  const own = [port.mac_address, ...port.fixed_ips.map(ip => ip.ip_address)].join(' ')
  const allowed = allowedAddresses(port)
  const otherMacs = [...allowed.keys()].filter(mac => mac !== port.mac_address)
  const dhcpIn = (version: 4 | 6): string | null => {
    if (isTrusted) return null
    const found = port.fixed_ips.map(ip => subnets.get(ip.subnet_id))
    return found.find(subnet => subnet?.ip_version === version && subnet.enable_dhcp)?.id ?? null
  }
  return {
    network_id: port.network_id,
    columns: {
      name: port.id,
      type: isMetadata ? 'localport' : '',
      addresses: isProtected ? [own, ...otherMacs] : isTrusted ? [own] : [own, 'unknown'],
      port_security: isProtected ? [...allowed].map(([mac, ips]) => [mac, ...ips].join(' ')) : [],
      enabled: port.admin_state_up,
      options: port.host && !isMetadata ? { 'requested-chassis': port.host } : {},
      external_ids: mark(port.id, port.generation),
    },
    dhcpv4: dhcpIn(4),
    dhcpv6: dhcpIn(6),
    groups: isProtected ? [DROP_GROUP, ...port.security_groups.map(groupName)] : [],
  }
}

/**
 * What the port may send: by MAC address, the IP addresses and prefixes. One entry per MAC, because of several entries
 * with the same one OVN lets only the last receive.
 */
const allowedAddresses = (port: PortWant): Map<string, string[]> => {
  const allowed = new Map([[port.mac_address, port.fixed_ips.map(ip => ip.ip_address)]])
  for (const { mac_address = port.mac_address, ip_address } of port.allowed_address_pairs)
    allowed.set(mac_address, [...(allowed.get(mac_address) ?? []), ip_address])
  return allowed
}
