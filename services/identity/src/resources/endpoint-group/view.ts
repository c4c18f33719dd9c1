import type { Ctx } from '@caelum/kernel'
import { linkTo } from '../../collection.ts'
import type { EndpointGroup } from './store.ts'

export const viewEndpointGroup = (ctx: Ctx, row: EndpointGroup) => ({
  id: row.id,
  name: row.name,
  description: row.description,
  filters: row.filters,
  links: linkTo(ctx, `OS-EP-FILTER/endpoint_groups/${row.id}`),
})
