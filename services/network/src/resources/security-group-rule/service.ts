import { type Ctx, newId } from '@caelum/kernel'
import { isVisible, mustBeAllowed, projectFor, visibleTo } from '../../collection/access.ts'
import type { CollectionService } from '../../collection/routes.ts'
import { errors } from '../../errors.ts'
import type { Ring } from '../../reconcile/ring.ts'
import type { SecurityGroupService } from '../security-group/service.ts'
import { checkRule } from './check.ts'
import type { CreateSecurityGroupRule } from './schema.ts'
import type { NewRule, SecurityGroupRule, SecurityGroupRuleStore } from './store.ts'

export type SecurityGroupRuleService = ReturnType<typeof securityGroupRuleService>

export const securityGroupRuleService = (
  store: SecurityGroupRuleStore,
  groups: SecurityGroupService,
  ring: Ring,
) => {
  const get = async (ctx: Ctx, id: string): Promise<SecurityGroupRule> => {
    const row = await store.get(id)
    if (!row || !isVisible(ctx, row.project_id)) throw errors.securityGroupRuleNotFound(id)
    return row
  }

  return {
    get,

    list: (ctx, query) => store.list(query, visibleTo(ctx)),

    async create(ctx, wants) {
      const rows: NewRule[] = []
      for (const want of wants) {
        const operation = 'network:security_group_rules:create'
        const project_id = projectFor(ctx, operation, want)
        const group = await groups.getToChange(ctx, want.security_group_id, operation)
        if (want.remote_group_id) await groups.mustHave(ctx, [want.remote_group_id])
        const now = ctx.clock.now()
        rows.push({
          id: newId(),
          project_id,
          security_group_id: group.id,
          description: want.description ?? '',
          ...checkRule(want),
          created_at: now,
          updated_at: now,
        })
      }
      await store.insert(rows)
      for (const row of rows) ring('group', row.security_group_id)
      return rows.map(row => ({ ...row, generation: 0 }))
    },

    async remove(ctx, id) {
      const row = await get(ctx, id)
      mustBeAllowed(ctx, 'network:security_group_rules:delete', row.project_id)
      await store.remove(id, row.security_group_id)
      ring('group', row.security_group_id)
    },
  } satisfies CollectionService<SecurityGroupRule, CreateSecurityGroupRule, never>
}
