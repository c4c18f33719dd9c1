import { derivedMac } from '../address/mac.ts'
import type { SubnetWant } from './topology.ts'

export interface DhcpWant {
  cidr: string
  options: Record<string, string>
}

const METADATA = '169.254.169.254/32'
/** 12 hours: what Neutron's OVN driver gives (neutron/plugins/ml2/drivers/ovn/mech_driver/ovsdb/ovn_client.py) */
const LEASE_S = 43_200

/** What OVN answers to DHCP requests in a subnet; null when it shall not answer. */
export const dhcpOf = (subnet: SubnetWant): DhcpWant | null => {
  if (!subnet.enable_dhcp) return null
  return { cidr: subnet.cidr, options: subnet.ip_version === 4 ? dhcpv4(subnet) : dhcpv6(subnet) }
}

/** Clients that take option 121 ignore the router option, so the default route is in both (RFC 3442). */
const dhcpv4 = (subnet: SubnetWant): Record<string, string> => {
  const { gateway_ip: gateway, metadata_ip: metadata } = subnet
  const routes = [
    ...(metadata ? [`${METADATA},${metadata}`] : []),
    ...subnet.host_routes.map(({ destination, nexthop }) => `${destination},${nexthop}`),
    ...(gateway ? [`0.0.0.0/0,${gateway}`] : []),
  ]
  const server = gateway ?? metadata
  return {
    ...(server && { server_id: server }),
    server_mac: derivedMac(subnet.id),
    lease_time: String(LEASE_S),
    mtu: String(subnet.mtu),
    ...(gateway && { router: gateway }),
    ...(routes.length && { classless_static_route: list(routes) }),
    ...(subnet.dns_nameservers.length && { dns_server: list(subnet.dns_nameservers) }),
  }
}

const dhcpv6 = (subnet: SubnetWant): Record<string, string> => ({
  server_id: derivedMac(subnet.id),
  ...(subnet.dns_nameservers.length && { dns_server: list(subnet.dns_nameservers) }),
})

const list = (items: string[]): string => `{${items.join(', ')}}`
