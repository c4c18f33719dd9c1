import type { Ctx } from '@caelum/kernel'
import { linkTo } from '../../collection.ts'
import type { LimitRow } from './store.ts'

export const viewLimit = (ctx: Ctx, row: LimitRow) => ({
  id: row.id,
  project_id: row.target.is_domain ? null : row.target.id,
  domain_id: row.target.is_domain ? row.target.id : null,
  ...row.registered,
  resource_limit: row.resource_limit,
  description: row.description,
  links: linkTo(ctx, `limits/${row.id}`),
})
