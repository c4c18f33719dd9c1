import type { Ctx } from '@caelum/kernel'
import { policy } from '../../policy.ts'
import { domainSeen } from '../../rules.ts'
import type { ListAudit } from './schema.ts'
import type { Audit, AuditStore } from './store.ts'

export const auditService = (store: AuditStore) => ({
  /** A domain's managers read what touches their domain; of others who did it they learn the id alone. */
  async list(ctx: Ctx, query: ListAudit & { limit: number }): Promise<Audit[]> {
    const within = domainSeen(policy, ctx, 'identity:audit:list')
    const rows = await store.list(query, within)
    return within === undefined ? rows : rows.map(row => discreet(row, within))
  },
})

export type AuditService = ReturnType<typeof auditService>

const discreet = (row: Audit, domainId: string): Audit => ({
  ...row,
  domain_ids: [domainId],
  ...(row.actor_id === null || row.actor_domain_id === domainId
    ? {}
    : { actor_name: null, actor_scope: null, address: null }),
})
