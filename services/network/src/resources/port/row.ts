import type { FixedIp } from '../../address/store.ts'

/** A port as the API writes it. */
export interface PortColumns {
  id: string
  project_id: string
  network_id: string
  name: string
  description: string
  admin_state_up: boolean
  mac_address: string
  device_id: string
  device_owner: string
  port_security_enabled: boolean
  allowed_address_pairs: { ip_address: string; mac_address?: string | undefined }[]
  /** '' for none */
  binding_host_id: string
  binding_profile: Record<string, unknown>
  tags: string[]
  created_at: Date
  updated_at: Date
}

/** With what was seen of it and what belongs to it. */
export interface PortRow extends PortColumns {
  generation: number
  seen_generation: number
  seen_up: boolean
  seen_host: string | null
  fixed_ips: (FixedIp & { position: number })[]
  /** ids */
  security_groups: string[]
}
