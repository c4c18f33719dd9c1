import { type Ctx, isUuid, problems } from '@caelum/kernel'
import { errors } from '../../errors.ts'
import type { HostService, HostView } from '../host/service.ts'
import type { ActOnService, ListServices, UpdateService } from './schema.ts'

/**
 * The one kind of service that exists as a process of its own per host: its agent. Scheduler and conductor are parts
 * of every compute API process, so they are not listed.
 */
export const COMPUTE = 'nova-compute'

export type ComputeServiceService = ReturnType<typeof computeServiceService>

export const computeServiceService = (hosts: HostService) => {
  const named = async (ctx: Ctx, { host, binary }: ActOnService): Promise<HostView> => {
    if (binary !== COMPUTE)
      throw problems.badRequest(
        `Updating a ${binary} service is not supported. Only nova-compute services can be updated.`,
      )
    const found = (await hosts.list(ctx)).find(one => one.name === host)
    if (!found) throw errors.binaryNotFound(host, binary)
    return found
  }

  const get = async (ctx: Ctx, id: string): Promise<HostView> => {
    if (ctx.microversion >= 53 ? !isUuid(id) : !/^\d{1,10}$/.test(id)) throw errors.invalidUuid(id)
    const host = await hosts.find(ctx, id)
    if (!host) throw errors.serviceNotFound(id)
    return host
  }

  return {
    async list(ctx: Ctx, query: ListServices): Promise<HostView[]> {
      if (query.binary && query.binary !== COMPUTE) return []
      return (await hosts.list(ctx)).filter(host => !query.host || host.name === query.host)
    },

    /** Whether new servers may come; those that are there stay. */
    async setEnabled(ctx: Ctx, body: ActOnService, enabled: boolean, reason: string | null): Promise<void> {
      const host = await named(ctx, body)
      if (!(await hosts.setEnabled(host.id, enabled, reason))) throw errors.binaryNotFound(body.host, COMPUTE)
    },

    /** A host is never forced down here, so "not forced down" is true already. */
    async forceDown(ctx: Ctx, body: ActOnService): Promise<void> {
      if (body.forced_down === undefined) throw problems.badRequest('Missing forced_down field')
      await named(ctx, body)
      if (body.forced_down) throw errors.forcedDown()
    },

    async update(ctx: Ctx, id: string, change: UpdateService): Promise<HostView> {
      const host = await get(ctx, id)
      if (change.status === undefined && change.forced_down === undefined)
        throw problems.badRequest(
          "No updates were requested. Fields 'status' or 'forced_down' should be specified.",
        )
      if (change.status === 'enabled' && change.disabled_reason)
        throw problems.badRequest("Specifying 'disabled_reason' with status 'enabled' is invalid.")
      if (change.forced_down) throw errors.forcedDown()
      if (change.status)
        await hosts.setEnabled(host.id, change.status === 'enabled', change.disabled_reason ?? null)
      return get(ctx, id)
    },

    remove: async (ctx: Ctx, id: string): Promise<void> => hosts.remove(await get(ctx, id)),
  }
}
