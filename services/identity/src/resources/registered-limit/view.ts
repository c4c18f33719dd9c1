import type { Ctx } from '@caelum/kernel'
import { linkTo } from '../../collection.ts'
import type { RegisteredLimit } from './store.ts'

export const viewRegisteredLimit = (ctx: Ctx, row: RegisteredLimit) => ({
  id: row.id,
  service_id: row.service_id,
  region_id: row.region_id,
  resource_name: row.resource_name,
  default_limit: row.default_limit,
  description: row.description,
  links: linkTo(ctx, `registered_limits/${row.id}`),
})
