import { type Ctx, isoMicros } from '@caelum/kernel'
import { linkTo } from '../../collection.ts'
import { viewRole } from '../role/view.ts'
import type { Trust } from './store.ts'

/** As a list shows it: without the roles. */
export const viewTrustBrief = (ctx: Ctx, row: Trust) => ({
  id: row.id,
  trustor_user_id: row.trustor_user_id,
  trustee_user_id: row.trustee_user_id,
  project_id: row.project_id,
  impersonation: row.impersonation,
  expires_at: row.expires_at === null ? null : isoMicros(row.expires_at),
  deleted_at: null,
  remaining_uses: row.remaining_uses,
  redelegation_count: row.redelegation_count,
  redelegated_trust_id: row.redelegated_trust_id,
  links: linkTo(ctx, `OS-TRUST/trusts/${row.id}`),
})

export const viewTrust = (ctx: Ctx, row: Trust) => ({
  ...viewTrustBrief(ctx, row),
  ...viewTrustRoles(ctx, row),
})

export const viewTrustRoles = (ctx: Ctx, row: Trust) => ({
  roles: row.roles.map(({ role }) => viewRole(ctx, role)),
  roles_links: { next: null, previous: null, ...linkTo(ctx, `OS-TRUST/trusts/${row.id}/roles`) },
})
