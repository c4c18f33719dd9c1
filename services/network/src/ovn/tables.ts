/** The parts of OVN's databases that we read or write; meanings in ovn-nb(5) and ovn-sb(5). */
import type { Selection } from '@caelum/ovsdb'

type Strings = ReadonlyMap<string, string>

export type Northbound = {
  NB_Global: { nb_cfg: number; sb_cfg: number; hv_cfg: number }
  Logical_Switch: { name: string; ports: ReadonlySet<string>; external_ids: Strings }
  Logical_Switch_Port: {
    name: string
    type: string
    addresses: ReadonlySet<string>
    port_security: ReadonlySet<string>
    enabled: boolean | null
    options: Strings
    dhcpv4_options: string | null
    dhcpv6_options: string | null
    external_ids: Strings
  }
  DHCP_Options: { cidr: string; options: Strings; external_ids: Strings }
  Port_Group: { name: string; ports: ReadonlySet<string>; acls: ReadonlySet<string>; external_ids: Strings }
  ACL: { direction: string; priority: number; match: string; action: string; external_ids: Strings }
}

export const northboundTables: Selection<Northbound> = {
  NB_Global: ['nb_cfg', 'sb_cfg', 'hv_cfg'],
  Logical_Switch: ['name', 'ports', 'external_ids'],
  Logical_Switch_Port: [
    ...(['name', 'type', 'addresses', 'port_security', 'enabled', 'options'] as const),
    ...(['dhcpv4_options', 'dhcpv6_options', 'external_ids'] as const),
  ],
  DHCP_Options: ['cidr', 'options', 'external_ids'],
  Port_Group: ['name', 'ports', 'acls', 'external_ids'],
  ACL: ['direction', 'priority', 'match', 'action', 'external_ids'],
}

export type Southbound = {
  SB_Global: { nb_cfg: number }
  Chassis: { name: string; hostname: string; other_config: Strings }
  Chassis_Private: { name: string; nb_cfg: number; nb_cfg_timestamp: number }
  Port_Binding: { logical_port: string; chassis: string | null; up: boolean | null }
}

export const southboundTables: Selection<Southbound> = {
  SB_Global: ['nb_cfg'],
  Chassis: ['name', 'hostname', 'other_config'],
  Chassis_Private: ['name', 'nb_cfg', 'nb_cfg_timestamp'],
  Port_Binding: ['logical_port', 'chassis', 'up'],
}
