import { apiIdOf, type HostView } from '../host/service.ts'
import { COMPUTE } from './service.ts'

/** Times of services are in UTC without saying so, with microseconds. */
export const viewTime = (at: Date | null): string | null => (at ? at.toISOString().replace('Z', '000') : null)

/** `forced_down` appears with 2.11 (nova/api/openstack/compute/services.py). */
export const viewService = (host: HostView, microversion: number) => ({
  id: apiIdOf(host.id, microversion),
  binary: COMPUTE,
  host: host.name,
  zone: host.zone,
  status: host.want_enabled ? 'enabled' : 'disabled',
  state: host.up ? 'up' : 'down',
  updated_at: viewTime(host.seen_at),
  disabled_reason: host.want_disabled_reason,
  ...(microversion >= 11 ? { forced_down: false } : {}),
})
