import { can } from '@caelum/http'
import type { Ctx } from '@caelum/kernel'
import { viewStandard } from '../../collection/view.ts'
import { policy } from '../../policy.ts'
import type { PortRow } from './row.ts'
import { statusOf, vifTypeOf } from './state.ts'
import type { WiredPort } from './store.ts'

export const viewPort = (row: PortRow, ctx: Ctx) => ({
  id: row.id,
  name: row.name,
  description: row.description,
  network_id: row.network_id,
  mac_address: row.mac_address,
  admin_state_up: row.admin_state_up,
  status: statusOf(row),
  device_id: row.device_id,
  device_owner: row.device_owner,
  fixed_ips: row.fixed_ips.map(ip => ({ subnet_id: ip.subnet_id, ip_address: ip.address })),
  security_groups: row.security_groups,
  port_security_enabled: row.port_security_enabled,
  allowed_address_pairs: row.allowed_address_pairs.map(pair => ({ mac_address: row.mac_address, ...pair })),
  'binding:vnic_type': 'normal',
  ...(can(policy, ctx, 'network:ports:show:binding') ? viewBinding(row) : {}),
  ...viewStandard(row),
})

const viewBinding = (row: PortRow) => ({
  'binding:host_id': row.binding_host_id,
  'binding:profile': row.binding_profile,
  'binding:vif_type': vifTypeOf(row),
  'binding:vif_details': row.binding_host_id
    ? { port_filter: true, connectivity: 'l2', bridge_name: 'br-int' }
    : {},
})

/** `WantedNic` of packages/agent-protocol, and the name of the network. */
export const viewWiring = ({ port, metadata }: { port: WiredPort; metadata: WiredPort | null }) => ({
  port_id: port.id,
  network_id: port.network_id,
  network_name: port.network_name,
  mac: port.mac_address,
  mtu: port.mtu,
  fixed_ips: port.fixed_ips,
  metadata: metadata?.fixed_ips.length
    ? { port_id: metadata.id, mac: metadata.mac_address, fixed_ips: metadata.fixed_ips }
    : null,
})
