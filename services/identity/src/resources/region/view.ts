import type { Ctx } from '@caelum/kernel'
import { linkTo } from '../../collection.ts'
import type { Region } from './store.ts'

export const viewRegion = (ctx: Ctx, row: Region) => ({
  ...(row.extra as object),
  id: row.id,
  description: row.description,
  parent_region_id: row.parent_id,
  links: linkTo(ctx, `regions/${row.id}`),
})
