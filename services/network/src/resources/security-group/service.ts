import { type Ctx, newId, projectOf } from '@caelum/kernel'
import { isVisible, mustBeAllowed, projectFor, visibleTo } from '../../collection/access.ts'
import type { CollectionService } from '../../collection/routes.ts'
import { errors } from '../../errors.ts'
import { seesAll } from '../../policy.ts'
import type { Ring } from '../../reconcile/ring.ts'
import { DEFAULT_NAME, defaultGroupId, isDefault } from './default.ts'
import type { ChangeSecurityGroup, CreateSecurityGroup } from './schema.ts'
import type { NewSecurityGroup, SecurityGroupRow, SecurityGroupStore } from './store.ts'

export type SecurityGroupService = ReturnType<typeof securityGroupService>

export const securityGroupService = (store: SecurityGroupStore, ring: Ring) => {
  const get = async (ctx: Ctx, id: string): Promise<SecurityGroupRow> => {
    const row = await store.get(id)
    if (!row || !isVisible(ctx, row.project_id)) throw errors.securityGroupNotFound(id)
    return row
  }
  const getToChange = async (ctx: Ctx, id: string, operation: string): Promise<SecurityGroupRow> => {
    const row = await get(ctx, id)
    mustBeAllowed(ctx, operation, row.project_id)
    return row
  }

  /** @returns the id of the project's default group, which exists from then on */
  const ensureDefault = async (ctx: Ctx, projectId: string): Promise<string> => {
    const id = defaultGroupId(projectId)
    if (await store.ensureDefault(projectId, ctx.clock.now())) ring('group', id)
    return id
  }

  return {
    get,
    getToChange,
    ensureDefault,

    /** @throws Problem 404 for the first group that the caller does not have */
    async mustHave(ctx: Ctx, ids: string[]): Promise<void> {
      if (!ids.length) return
      const known = await store.existing(ids, visibleTo(ctx))
      for (const id of ids) if (!known.includes(id)) throw errors.securityGroupNotFound(id)
    },

    async list(ctx, query) {
      const projectId = projectOf(ctx.caller)
      if (projectId) await ensureDefault(ctx, projectId)
      return store.list(query, visibleTo(ctx))
    },

    async create(ctx, wants) {
      const rows: NewSecurityGroup[] = []
      for (const want of wants) {
        const project_id = projectFor(ctx, 'network:security_groups:create', want)
        await ensureDefault(ctx, project_id)
        if (want.name === DEFAULT_NAME) throw errors.defaultExists()
        const now = ctx.clock.now()
        rows.push({
          id: newId(),
          project_id,
          name: want.name ?? '',
          description: want.description ?? '',
          stateful: want.stateful ?? true,
          tags: [],
          created_at: now,
          updated_at: now,
        })
      }
      await store.insert(rows)
      for (const { id } of rows) ring('group', id)
      return Promise.all(rows.map(({ id }) => get(ctx, id)))
    },

    async update(ctx, id, change) {
      const now = await getToChange(ctx, id, 'network:security_groups:update')
      if (isDefault(now) && change.name !== undefined && change.name !== DEFAULT_NAME)
        throw errors.cannotRenameDefault()
      if (!isDefault(now) && change.name === DEFAULT_NAME) throw errors.defaultExists()
      const row = await store.update(id, {
        ...(change as Partial<NewSecurityGroup>),
        updated_at: ctx.clock.now(),
      })
      if (!row) throw errors.securityGroupNotFound(id)
      ring('group', id)
      return row
    },

    async changeTags(ctx, id, next) {
      await getToChange(ctx, id, 'network:security_groups:tags')
      const tags = await store.changeTags(id, next)
      if (!tags) throw errors.securityGroupNotFound(id)
      return tags
    },

    async remove(ctx, id) {
      const row = await getToChange(ctx, id, 'network:security_groups:delete')
      if (isDefault(row) && !seesAll.allows(ctx.caller)) throw errors.cannotRemoveDefault()
      const result = await store.remove(id)
      if (result === 'in-use') throw errors.securityGroupInUse(id)
      for (const group of [id, ...result.affected]) ring('group', group)
    },
  } satisfies CollectionService<SecurityGroupRow, CreateSecurityGroup, ChangeSecurityGroup> &
    Record<string, unknown>
}
