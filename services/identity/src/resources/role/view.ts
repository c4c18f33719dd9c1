import type { Ctx } from '@caelum/kernel'
import { linkTo } from '../../collection.ts'
import type { Role } from './store.ts'

export const viewRole = (ctx: Ctx, row: Role) => ({
  ...(row.extra as object),
  id: row.id,
  name: row.name,
  domain_id: row.domain_id === '' ? null : row.domain_id,
  description: row.description,
  options: row.options,
  links: linkTo(ctx, `roles/${row.id}`),
})

/** keystone/api/_shared/implied_roles.py */
export const viewRoleBrief = (ctx: Ctx, row: Role) => ({
  id: row.id,
  name: row.name,
  links: linkTo(ctx, `roles/${row.id}`),
})
