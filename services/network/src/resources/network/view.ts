import { viewStandard } from '../../collection/view.ts'
import type { NetworkRow } from './store.ts'

export const viewNetwork = (row: NetworkRow) => ({
  id: row.id,
  name: row.name,
  description: row.description,
  admin_state_up: row.admin_state_up,
  status: 'ACTIVE',
  subnets: row.subnets.map(subnet => subnet.id),
  shared: row.shared,
  mtu: row.mtu,
  port_security_enabled: row.port_security_enabled,
  'router:external': false,
  availability_zone_hints: [],
  availability_zones: ['nova'],
  ipv4_address_scope: null,
  ipv6_address_scope: null,
  ...viewStandard(row),
})
