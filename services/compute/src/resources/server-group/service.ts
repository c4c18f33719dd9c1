import { authorize, can } from '@caelum/http'
import { type Ctx, isUuid, newId, projectOf } from '@caelum/kernel'
import { errors } from '../../errors.ts'
import { MAX_PAGE } from '../../links.ts'
import { policy } from '../../policy.ts'
import { checkRoom, limitsOf } from '../quota-set/service.ts'
import type { CreateServerGroup, ListServerGroups } from './schema.ts'
import type { GroupWithMembers, ServerGroupStore } from './store.ts'

type Tx = Parameters<ServerGroupStore['hold']>[0]

export type ServerGroupService = ReturnType<typeof serverGroupService>

/** nova/api/openstack/compute/server_groups.py */
export const serverGroupService = (store: ServerGroupStore) => ({
  async create(ctx: Ctx, wanted: CreateServerGroup): Promise<GroupWithMembers> {
    const projectId = projectOf(ctx.caller)
    if (!projectId) throw errors.badRequest('A server group belongs to a project: ask with its token.')
    const chosen = wanted.policy ?? wanted.policies?.[0]
    if (!chosen) throw errors.badRequest('A server group needs a policy.')
    const max_per_host = wanted.rules?.max_server_per_host ?? null
    if (chosen !== 'anti-affinity' && max_per_host !== null)
      throw errors.badRequest('Only anti-affinity policy supports rules.')
    const row = {
      id: newId(),
      project_id: projectId,
      user_id: ctx.caller.userId,
      name: wanted.name,
      policy: chosen,
      max_per_host,
      created_at: ctx.clock.now(),
    }
    await store.transaction(async tx => {
      const { over } = await checkRoom(tx, projectId, { server_groups: 1 })
      if (over.length > 0) throw errors.serverGroupQuota()
      await store.insert(tx, row)
    })
    return { ...row, members: [] }
  },

  async get(ctx: Ctx, id: string): Promise<GroupWithMembers> {
    const row = isUuid(id) ? await store.get(id) : null
    if (!row || !can(policy, ctx, 'compute:server_groups:show', { projectId: row.project_id }))
      throw errors.serverGroupNotFound(id)
    return row
  },

  list(ctx: Ctx, query: ListServerGroups): Promise<GroupWithMembers[]> {
    const all =
      query.all_projects !== undefined && can(policy, ctx, 'compute:server_groups:list:all_projects')
    return store.list(all ? null : (projectOf(ctx.caller) ?? ''), {
      limit: Math.min(query.limit ?? MAX_PAGE, MAX_PAGE),
      offset: query.offset ?? 0,
    })
  },

  /** The members stay where they are, and nothing keeps them together or apart any more. */
  async remove(ctx: Ctx, id: string): Promise<void> {
    const row = await this.get(ctx, id)
    authorize(policy, ctx, 'compute:server_groups:delete', { projectId: row.project_id })
    if (!(await store.remove(row.id))) throw errors.serverGroupNotFound(id)
  },

  /**
   * Lets `count` new servers of a project into the group that their hints name, within the caller's transaction.
   *
   * @throws Problem 400 when there is no such group, 403 when it would be too large
   */
  async admit(tx: Tx, projectId: string, hint: unknown, count: number): Promise<string | null> {
    if (hint === undefined || hint === null) return null
    const group = typeof hint === 'string' && isUuid(hint) ? await store.hold(tx, hint) : null
    if (!group || group.project_id !== projectId)
      throw errors.badRequest(`Instance group ${String(hint).slice(0, 60)} could not be found.`)
    const { server_group_members: most } = await limitsOf(tx, projectId)
    if (most >= 0 && (await store.countMembers(tx, group.id)) + count > most) throw errors.groupMemberQuota()
    return group.id
  },
})
