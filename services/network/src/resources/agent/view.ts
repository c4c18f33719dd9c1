import { childId } from '@caelum/kernel'
import type { Replica } from '@caelum/ovsdb'
import type { Southbound } from '../../ovn/tables.ts'

const NAMESPACE = 'b1a6a2f0-6c5b-4c3e-8d59-0c1b7f4e2d33'
/** How long a host may take to follow a change before it counts as dead. */
const FOLLOW_MS = 60_000

export interface Agent {
  id: string
  agent_type: string
  binary: string
  host: string
  alive: boolean
  admin_state_up: boolean
  heartbeat_timestamp: string
  topic: string
  availability_zone: string
  description: string
  resources_synced: null
  configurations: object
}

/**
 * A host of OVN in the words of Neutron (neutron/plugins/ml2/drivers/ovn/agent/neutron_agent.py). OVN has no heartbeat:
 * a host is alive when it has taken over the newest change, or that change is too new to tell.
 */
export const agentsOf = (
  sb: Replica<Southbound>,
  firstSeenLagging: (name: string, nbCfg: number) => number,
): Agent[] => {
  const wanted = [...sb.rows('SB_Global').values()][0]?.nb_cfg ?? 0
  const privates = new Map([...sb.rows('Chassis_Private').values()].map(row => [row.name, row]))
  return [...sb.rows('Chassis').values()].map(({ name, hostname, other_config }) => {
    const seen = privates.get(name)
    const lags = (seen?.nb_cfg ?? 0) < wanted
    const heartbeat = new Date(seen?.nb_cfg_timestamp ?? 0)
    return {
      id: childId(NAMESPACE, name),
      agent_type: 'OVN Controller agent',
      binary: 'ovn-controller',
      host: hostname || name,
      alive: !lags || firstSeenLagging(name, seen?.nb_cfg ?? 0) < FOLLOW_MS,
      admin_state_up: true,
      heartbeat_timestamp: heartbeat.toISOString().slice(0, 19).replace('T', ' '),
      topic: 'n/a',
      availability_zone: '',
      description: '',
      resources_synced: null,
      configurations: {
        chassis_name: name,
        'bridge-mappings': other_config.get('ovn-bridge-mappings') ?? '',
        datapath_type: other_config.get('datapath-type') ?? '',
      },
    }
  })
}
