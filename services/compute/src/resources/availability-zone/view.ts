import { COMPUTE } from '../compute-service/service.ts'
import { viewTime } from '../compute-service/view.ts'
import type { HostView } from '../host/service.ts'

/** A zone is available while one of its hosts is enabled; a zone without hosts does not exist. */
export function viewZones(hosts: readonly HostView[], detailed: boolean) {
  const names = [...new Set(hosts.map(host => host.zone))].sort()
  return names.map(zoneName => {
    const enabled = hosts.filter(host => host.zone === zoneName && host.want_enabled)
    const available = enabled.length > 0
    return {
      zoneName,
      zoneState: { available },
      hosts:
        detailed && available
          ? Object.fromEntries(enabled.map(host => [host.name, { [COMPUTE]: viewAgent(host) }]))
          : null,
    }
  })
}

const viewAgent = (host: HostView) => ({
  available: host.up,
  active: host.want_enabled,
  updated_at: viewTime(host.seen_at),
})
