import type { Ctx } from '@caelum/kernel'
import { linkTo } from '../../collection.ts'
import { isoOfMicros } from '../../expiry.ts'
import type { ApplicationCredential } from './store.ts'

export const viewApplicationCredential = (ctx: Ctx, row: ApplicationCredential) => ({
  id: row.id,
  name: row.name,
  description: row.description,
  user_id: row.user_id,
  project_id: row.project_id,
  system: row.project_id === null ? 'all' : null,
  expires_at: row.expires_at_us === null ? null : isoOfMicros(Number(row.expires_at_us)),
  unrestricted: row.unrestricted,
  roles: row.roles.map(({ role }) => ({
    id: role.id,
    name: role.name,
    domain_id: null,
    description: role.description,
    options: role.options,
  })),
  ...(row.access_rules.length > 0
    ? {
        access_rules: row.access_rules.map(({ access_rule: { user_id, ...rule } }) => rule),
      }
    : {}),
  links: linkTo(ctx, `users/${row.user_id}/application_credentials/${row.id}`),
})
