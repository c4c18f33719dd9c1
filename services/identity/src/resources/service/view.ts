import type { Ctx } from '@caelum/kernel'
import { linkTo } from '../../collection.ts'
import type { Service } from './store.ts'

/** What was never given is not shown, as in Keystone. */
export const viewService = (ctx: Ctx, row: Service) => ({
  ...(row.extra as object),
  id: row.id,
  type: row.type,
  ...(row.name === null ? {} : { name: row.name }),
  ...(row.description === null ? {} : { description: row.description }),
  enabled: row.enabled,
  links: linkTo(ctx, `services/${row.id}`),
})
