import type { Ctx } from '@caelum/kernel'
import { linkTo } from '../../collection.ts'
import type { ServiceProvider } from './store.ts'

export const viewServiceProvider = (ctx: Ctx, row: ServiceProvider) => ({
  id: row.id,
  auth_url: row.auth_url,
  sp_url: row.sp_url,
  enabled: row.enabled,
  description: row.description,
  relay_state_prefix: row.relay_state_prefix,
  links: linkTo(ctx, `OS-FEDERATION/service_providers/${row.id}`),
})
