import { can } from '@caelum/http'
import { type Ctx, isUuid, problems } from '@caelum/kernel'
import { errors } from '../../errors.ts'
import { MAX_PAGE } from '../../links.ts'
import { policy } from '../../policy.ts'
import type { ServerService } from '../server/service.ts'
import type { ListActions } from './schema.ts'
import type { InstanceAction, InstanceActionStore } from './store.ts'

export type InstanceActionService = ReturnType<typeof instanceActionService>

export const instanceActionService = (store: InstanceActionStore, servers: Pick<ServerService, 'get'>) => {
  /** From 2.21 on the past of a server that is gone can be read by its project. */
  const readable = async (ctx: Ctx, id: string): Promise<void> => {
    if (ctx.microversion < 21) {
      await servers.get(ctx, id)
      return
    }
    const projectId = isUuid(id) ? await store.projectOf(id) : undefined
    if (!projectId || !can(policy, ctx, 'compute:instance_actions:list', { projectId }))
      throw errors.serverNotFound(id)
  }

  return {
    async list(ctx: Ctx, id: string, query: ListActions): Promise<InstanceAction[]> {
      await readable(ctx, id)
      const [since, before] = [query['changes-since'], query['changes-before']]
      if (since && before && since > before)
        throw problems.badRequest('The value of changes-since must be less than or equal to changes-before.')
      const after = query.marker === undefined ? null : await store.get(id, query.marker)
      if (query.marker !== undefined && !after) throw errors.markerNotFound(query.marker)
      return store.list(id, { since, before }, { limit: query.limit ?? MAX_PAGE, after })
    },

    async get(ctx: Ctx, id: string, requestId: string): Promise<InstanceAction> {
      await readable(ctx, id)
      const action = await store.get(id, requestId)
      if (!action) throw errors.actionNotFound(requestId)
      return action
    },
  }
}
