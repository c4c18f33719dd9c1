import type { Ctx } from '@caelum/kernel'
import { linkTo } from '../../collection.ts'
import type { Consumer } from './store.ts'

export const viewConsumer = (ctx: Ctx, row: Consumer & { secret?: string }) => ({
  ...(row.extra as object),
  id: row.id,
  description: row.description,
  ...(row.secret === undefined ? {} : { secret: row.secret }),
  links: linkTo(ctx, `OS-OAUTH1/consumers/${row.id}`),
})
