import type { Ctx } from '@caelum/kernel'
import { linkTo } from '../../collection.ts'
import type { Domain } from './store.ts'

export const viewDomain = (ctx: Ctx, row: Domain) => ({
  ...(row.extra as object),
  id: row.id,
  name: row.name,
  description: row.description ?? '',
  enabled: row.enabled,
  tags: row.tags,
  options: row.options,
  links: linkTo(ctx, `domains/${row.id}`),
})
