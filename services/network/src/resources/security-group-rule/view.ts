import { formatCidr, parseCidr } from '../../address/ip.ts'
import { viewStandard } from '../../collection/view.ts'
import type { SecurityGroupRule } from './store.ts'

export const viewRule = (row: SecurityGroupRule) => ({
  id: row.id,
  security_group_id: row.security_group_id,
  direction: row.direction,
  ethertype: row.ethertype,
  protocol: row.protocol,
  port_range_min: row.port_range_min,
  port_range_max: row.port_range_max,
  remote_ip_prefix: row.remote_ip_prefix,
  normalized_cidr: row.remote_ip_prefix && formatCidr(parseCidr(row.remote_ip_prefix)!),
  remote_group_id: row.remote_group_id,
  remote_address_group_id: null,
  description: row.description,
  ...viewStandard(row),
})
