import { apiIdOf, type HostView } from '../host/service.ts'
import type { HostRules } from '../host/state.ts'
import type { Hypervisor } from './service.ts'

/** nova/api/openstack/compute/hypervisors.py, _view_hypervisor. */
export const viewBrief = ({ host, servers }: Hypervisor, microversion: number) => ({
  id: apiIdOf(host.id, microversion),
  hypervisor_hostname: host.name,
  state: host.up ? 'up' : 'down',
  status: host.want_enabled ? 'enabled' : 'disabled',
  ...viewServers(servers, microversion),
})

/** An empty list is shown from 2.75 on only. */
function viewServers(servers: Hypervisor['servers'], microversion: number) {
  if (!servers || (servers.length === 0 && microversion < 75)) return {}
  return { servers: servers.map(({ uuid, name }) => ({ uuid, name })) }
}

/** With 2.88 the numbers went and the uptime came; ours is unknown, which Nova shows as null too. */
export function viewDetail(found: Hypervisor, rules: HostRules, microversion: number) {
  const { host } = found
  return {
    ...viewBrief(found, microversion),
    hypervisor_type: host.seen_facts?.hypervisor_type ?? 'unknown',
    hypervisor_version: host.seen_facts?.hypervisor_version ?? 0,
    host_ip: host.seen_facts?.host_ip ?? '',
    service: {
      id: apiIdOf(host.id, microversion),
      host: host.name,
      disabled_reason: host.want_disabled_reason,
    },
    ...(microversion >= 88
      ? { uptime: null }
      : { ...numbersOf(host, rules), cpu_info: cpuOf(host, microversion) }),
  }
}

/** An object from 2.28 on, its JSON before. */
function cpuOf({ seen_facts }: HostView, microversion: number) {
  const info = seen_facts ? { arch: seen_facts.arch, model: seen_facts.cpu_model } : {}
  return microversion >= 28 ? info : JSON.stringify(info)
}

/** What is kept from guests counts as used memory, as Nova counts it. */
function numbersOf(host: HostView, rules: HostRules) {
  const memoryUsed = Math.min(host.ram_mb, host.used_ram_mb + rules.reservedRamMb)
  return {
    vcpus: host.vcpus,
    vcpus_used: host.used_vcpus,
    memory_mb: host.ram_mb,
    memory_mb_used: memoryUsed,
    free_ram_mb: host.ram_mb - memoryUsed,
    local_gb: host.disk_gb,
    local_gb_used: host.used_disk_gb,
    free_disk_gb: host.disk_gb - host.used_disk_gb,
    disk_available_least: host.disk_gb - host.used_disk_gb,
    current_workload: host.busy,
    running_vms: host.vms,
  }
}

/** The sums over all hosts that may get servers. */
export function viewStatistics(hosts: readonly HostView[], rules: HostRules) {
  const all = hosts.map(host => numbersOf(host, rules))
  const sum = (name: keyof ReturnType<typeof numbersOf>) => all.reduce((total, one) => total + one[name], 0)
  return {
    count: hosts.length,
    vcpus: sum('vcpus'),
    vcpus_used: sum('vcpus_used'),
    memory_mb: sum('memory_mb'),
    memory_mb_used: sum('memory_mb_used'),
    free_ram_mb: sum('free_ram_mb'),
    local_gb: sum('local_gb'),
    local_gb_used: sum('local_gb_used'),
    free_disk_gb: sum('free_disk_gb'),
    disk_available_least: sum('disk_available_least'),
    current_workload: sum('current_workload'),
    running_vms: sum('running_vms'),
  }
}
