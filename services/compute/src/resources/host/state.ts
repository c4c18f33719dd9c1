import type { Candidate } from '../../scheduler/pick.ts'
import type { HostLoad, HostRow } from './store.ts'

/** What an operator decided about the use of hosts. */
export interface HostRules {
  cpuAllocationRatio: number
  reservedRamMb: number
  /** a host not heard of for longer counts as down */
  downAfterMs: number
}

export const isUp = (host: Pick<HostRow, 'seen_at' | 'seen_facts'>, rules: HostRules, now: Date): boolean =>
  host.seen_at !== null &&
  now.getTime() - host.seen_at.getTime() < rules.downAfterMs &&
  host.seen_facts?.hypervisor_up === true

/** Where hosts are that no aggregate puts elsewhere; the name is Nova's. */
export const DEFAULT_ZONE = 'nova'

export const candidateOf = (host: HostLoad, rules: HostRules, now: Date): Candidate => ({
  id: host.id,
  name: host.name,
  enabled: host.want_enabled,
  up: isUp(host, rules, now),
  availabilityZone: host.zone,
  vcpus: { total: Math.floor(host.vcpus * rules.cpuAllocationRatio), used: host.used_vcpus },
  ramMb: { total: Math.max(0, host.ram_mb - rules.reservedRamMb), used: host.used_ram_mb },
  diskGb: { total: host.disk_gb, used: host.used_disk_gb },
  vms: host.vms,
})
