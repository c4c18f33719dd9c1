/** A server as it is read: its row, and its vm with what is known of the host. */
import type { WantedNic } from '@caelum/agent-protocol'
import type { FlavorSnapshot } from '../flavor/service.ts'
import type { ServerFacts, VmFacts } from './state.ts'

export interface SeenPort {
  port_id: string
  network_id: string
  network_name: string
  mac: string
  fixed_ips: { address: string; version: 4 | 6; subnet_id: string }[]
  bound_host: string | null
  /** false: the user brought it; it is unbound, not removed */
  ours: boolean
  /** what the host needs to plug it */
  wiring: WantedNic
}

export interface ImageSnapshot {
  sha512: string
  size_bytes: number
  format: 'qcow2' | 'raw'
}

export interface WantedNetwork {
  port_id?: string
  network_id?: string
  fixed_ip?: string
  tag?: string
}

export interface ServerRow extends ServerFacts {
  id: string
  project_id: string
  user_id: string
  name: string
  description: string | null
  hostname: string
  availability_zone: string | null
  want_host: string | null
  image_id: string | null
  image: ImageSnapshot | null
  flavor: FlavorSnapshot
  key_name: string | null
  key: { name: string; type: string; data: string } | null
  user_data: string | null
  config_drive: boolean
  metadata: Record<string, string>
  tags: string[]
  hints: Record<string, unknown>
  group_id: string | null
  want_networks: WantedNetwork[]
  want_security_groups: { id: string; name: string }[]
  want_power: 'running' | 'stopped'
  want_reboots_soft: number
  want_reboots_hard: number
  locked: boolean
  locked_reason: string | null
  seen_ports: SeenPort[] | null
  tries: number
  next_try_at: Date | null
  last_error: string | null
  lease_until: Date | null
  reservation_id: string
  launch_index: number
  request_id: string
  created_at: Date
  updated_at: Date
  launched_at: Date | null
}

export interface VmRow extends VmFacts {
  id: string
  host_zone: string
  host_id: string
  seen_at: Date | null
}

/** A server as everybody reads it: the row, and its vm with the name of the host. */
export interface ServerWithVm {
  server: ServerRow
  vm: VmRow | null
}
