import type { Ctx } from '@caelum/kernel'
import { linkTo } from '../../collection.ts'
import type { IdentityProvider } from './store.ts'

export function viewIdentityProvider(ctx: Ctx, row: IdentityProvider) {
  const links = linkTo(ctx, `OS-FEDERATION/identity_providers/${row.id}`)
  return {
    id: row.id,
    domain_id: row.domain_id,
    enabled: row.enabled,
    description: row.description,
    authorization_ttl: row.authorization_ttl_min,
    remote_ids: row.remote_ids.map(it => it.remote_id),
    ...(row.oidc_issuer === null
      ? {}
      : {
          x_oidc: {
            issuer: row.oidc_issuer,
            client_id: row.oidc_client_id,
            audiences: row.oidc_audiences,
            scope: row.oidc_scope,
          },
        }),
    links: { ...links, protocols: `${links.self}/protocols` },
  }
}
