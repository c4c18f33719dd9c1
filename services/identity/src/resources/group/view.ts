import type { Ctx } from '@caelum/kernel'
import { linkTo } from '../../collection.ts'
import type { Group } from './store.ts'

export const viewGroup = (ctx: Ctx, row: Group) => ({
  ...(row.extra as object),
  id: row.id,
  name: row.name,
  domain_id: row.domain_id,
  description: row.description ?? '',
  links: linkTo(ctx, `groups/${row.id}`),
})
