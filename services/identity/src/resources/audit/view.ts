import { type Ctx, isoMicros } from '@caelum/kernel'
import type { Audit } from './store.ts'

export const viewAudit = (_ctx: Ctx, row: Audit) => ({
  id: row.id,
  at: isoMicros(row.at),
  /** equal refusals within a minute are one: how many, and when the last */
  times: row.times,
  last_at: isoMicros(row.last_at),
  operation: row.operation,
  outcome: row.outcome,
  reason: row.reason,
  actor:
    row.actor_id === null
      ? null
      : {
          id: row.actor_id,
          name: row.actor_name,
          domain_id: row.actor_domain_id,
          scope: row.actor_scope,
        },
  target: row.target,
  domain_ids: row.domain_ids,
  address: row.address,
  request_id: row.request_id,
})
