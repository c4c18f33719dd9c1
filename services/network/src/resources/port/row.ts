import type { FixedIp } from '../../address/store.ts'
import type { Port } from '../../generated/client.ts'

interface Pair {
  ip_address: string
  mac_address?: string | undefined
}

/** A row of `ports`; its JSON columns hold what only we write. */
type Columns = Omit<Port, 'allowed_address_pairs' | 'binding_profile'> & {
  allowed_address_pairs: Pair[]
  binding_profile: Record<string, unknown>
}

/** What the API writes of it. */
export type PortColumns = Omit<Columns, 'generation' | 'seen_generation' | 'seen_up' | 'seen_host'>

/** With what belongs to it. */
export type PortRow = Columns & {
  fixed_ips: (FixedIp & { position: number })[]
  /** ids */
  security_groups: string[]
}
