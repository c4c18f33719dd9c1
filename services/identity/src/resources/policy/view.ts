import type { Ctx } from '@caelum/kernel'
import { linkTo } from '../../collection.ts'
import type { Policy } from './store.ts'

export const viewPolicy = (ctx: Ctx, row: Policy) => ({
  ...(row.extra as object),
  id: row.id,
  type: row.type,
  blob: row.blob,
  links: linkTo(ctx, `policies/${row.id}`),
})
