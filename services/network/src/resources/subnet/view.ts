import { viewStandard } from '../../collection/view.ts'
import type { SubnetRow } from './store.ts'

export const viewSubnet = (row: SubnetRow) => ({
  id: row.id,
  name: row.name,
  description: row.description,
  network_id: row.network_id,
  ip_version: row.ip_version,
  cidr: row.cidr,
  gateway_ip: row.gateway_ip,
  enable_dhcp: row.enable_dhcp,
  allocation_pools: row.allocation_pools,
  dns_nameservers: row.dns_nameservers,
  host_routes: row.host_routes,
  ipv6_ra_mode: null,
  ipv6_address_mode: row.ipv6_address_mode,
  subnetpool_id: null,
  service_types: [],
  ...viewStandard(row),
})
