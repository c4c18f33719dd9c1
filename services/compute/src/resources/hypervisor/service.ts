import { type Ctx, isUuid, problems } from '@caelum/kernel'
import { errors } from '../../errors.ts'
import { MAX_PAGE } from '../../links.ts'
import { apiIdOf, type HostedServer, type HostService, type HostView } from '../host/service.ts'
import type { ListHypervisors } from './schema.ts'

/** `servers` is null when they were not asked for. */
export interface Hypervisor {
  host: HostView
  servers: HostedServer[] | null
}

export type HypervisorService = ReturnType<typeof hypervisorService>

/** A hypervisor is a host, seen as Nova shows it (nova/api/openstack/compute/hypervisors.py). */
export const hypervisorService = (hosts: HostService) => {
  const withServers = async (found: readonly HostView[], wanted: boolean): Promise<Hypervisor[]> => {
    const servers = wanted ? await hosts.servers(found.map(host => host.id)) : []
    return found.map(host => ({
      host,
      servers: wanted ? servers.filter(server => server.host_id === host.id) : null,
    }))
  }

  const matching = async (ctx: Ctx, pattern: string): Promise<HostView[]> => {
    const found = (await hosts.list(ctx)).filter(host => host.name.includes(pattern))
    if (found.length === 0) throw errors.noHypervisorMatches(pattern)
    return found
  }

  const pageOf = (ctx: Ctx, all: readonly HostView[], query: ListHypervisors): HostView[] => {
    const at = all.findIndex(host => String(apiIdOf(host.id, ctx.microversion)) === query.marker)
    if (query.marker !== undefined && at < 0) throw errors.markerNotFound(query.marker)
    return all.slice(at + 1, at + 1 + (query.limit ?? MAX_PAGE))
  }

  return {
    rules: hosts.rules,

    async list(ctx: Ctx, query: ListHypervisors): Promise<Hypervisor[]> {
      const pattern = query.hypervisor_hostname_pattern
      if (pattern === undefined)
        return withServers(pageOf(ctx, await hosts.list(ctx), query), query.with_servers ?? false)
      if (query.limit !== undefined || query.marker !== undefined)
        throw problems.badRequest(
          'Paging over hypervisors with the hypervisor_hostname_pattern query parameter is not supported.',
        )
      return withServers(await matching(ctx, pattern), query.with_servers ?? false)
    },

    /** From 2.53 on an id that is no uuid is a bad request; before, it is just not found. */
    async get(ctx: Ctx, id: string, servers = false): Promise<Hypervisor> {
      if (ctx.microversion >= 53 && !isUuid(id)) throw errors.invalidUuid(id)
      const host = await hosts.find(ctx, id)
      if (!host) throw errors.hypervisorNotFound(id)
      return (await withServers([host], servers))[0]!
    },

    /** @throws Problem 501 always, when there is such a hypervisor */
    async uptime(ctx: Ctx, id: string): Promise<never> {
      await this.get(ctx, id)
      throw errors.uptimeUnknown()
    },

    search: async (ctx: Ctx, pattern: string, servers = false): Promise<Hypervisor[]> =>
      withServers(await matching(ctx, pattern), servers),

    /** every host that may get servers */
    enabled: async (ctx: Ctx): Promise<HostView[]> =>
      (await hosts.list(ctx)).filter(host => host.want_enabled),
  }
}
