import type { Ctx } from '@caelum/kernel'
import { linkTo } from '../../collection.ts'
import type { Endpoint } from './store.ts'

export const viewEndpoint = (ctx: Ctx, row: Endpoint) => ({
  ...(row.extra as object),
  id: row.id,
  service_id: row.service_id,
  interface: row.interface,
  url: row.url,
  region_id: row.region_id,
  region: row.region_id,
  enabled: row.enabled,
  links: linkTo(ctx, `endpoints/${row.id}`),
})
