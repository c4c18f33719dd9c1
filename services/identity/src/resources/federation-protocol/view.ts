import type { Ctx } from '@caelum/kernel'
import { linkTo } from '../../collection.ts'
import type { FederationProtocol } from './store.ts'

const PROVIDERS = 'OS-FEDERATION/identity_providers'

export const viewProtocol = (ctx: Ctx, row: FederationProtocol) => ({
  id: row.id,
  mapping_id: row.mapping_id,
  ...(row.remote_id_attribute === null ? {} : { remote_id_attribute: row.remote_id_attribute }),
  links: {
    ...linkTo(ctx, `${PROVIDERS}/${row.identity_provider_id}/protocols/${row.id}`),
    identity_provider: linkTo(ctx, `${PROVIDERS}/${row.identity_provider_id}`).self,
  },
})
