import type { Ctx } from '@caelum/kernel'
import { linkTo } from '../../collection.ts'
import type { User } from './store.ts'

/** What was never given is not shown, as in Keystone. */
export const viewUser = (ctx: Ctx, row: User) => ({
  ...(row.extra as object),
  id: row.id,
  name: row.name,
  domain_id: row.domain_id,
  enabled: row.enabled,
  password_expires_at: null,
  options: row.options,
  ...(row.description === null ? {} : { description: row.description }),
  ...(row.default_project_id === null ? {} : { default_project_id: row.default_project_id }),
  links: linkTo(ctx, `users/${row.id}`),
})
