/** Access rules come with application credentials, outlive them, and go by themselves when none uses them. */
import { authorize } from '@caelum/http'
import type { Ctx } from '@caelum/kernel'
import { refuseLent } from '../../delegated.ts'
import { errors } from '../../errors.ts'
import { policy } from '../../policy.ts'
import type { ListAccessRules } from './schema.ts'
import type { AccessRule, AccessRuleStore } from './store.ts'

export const accessRuleService = (store: AccessRuleStore) => ({
  async list(ctx: Ctx, userId: string, query: ListAccessRules): Promise<AccessRule[]> {
    authorize(policy, ctx, 'identity:access_rules:list', { userId })
    refuseBorrowed(ctx)
    return store.list(userId, query)
  },

  async get(ctx: Ctx, userId: string, id: string): Promise<AccessRule> {
    authorize(policy, ctx, 'identity:access_rules:show', { userId })
    refuseBorrowed(ctx)
    const row = await store.get(userId, id)
    if (!row) throw errors.notFound('access rule', id)
    return row
  },

  /** @throws Problem 403 while an application credential uses it */
  async remove(ctx: Ctx, userId: string, id: string): Promise<void> {
    authorize(policy, ctx, 'identity:access_rules:delete', { userId })
    refuseBorrowed(ctx)
    const outcome = await store.remove(userId, id)
    if (outcome === 'in-use') throw errors.accessRuleInUse(id)
    if (outcome === 'not-found') throw errors.notFound('access rule', id)
  },
})

export type AccessRuleService = ReturnType<typeof accessRuleService>

/** keystone/api/users.py, _block_delegated_token_app_creds */
const refuseBorrowed = (ctx: Ctx) =>
  refuseLent(ctx, 'access rules', it => it.kind === 'application-credential')
