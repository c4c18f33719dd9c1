import { type Ctx, isoMicros } from '@caelum/kernel'
import { linkTo } from '../../collection.ts'
import type { ShownUser } from './service.ts'
import type { FederatedUser } from './store.ts'

/** Without a zone, in UTC: Keystone's form. */
export const viewExpiry = (at: Date | null): string | null => at && isoMicros(at).slice(0, -1)

/** What was never given is not shown, as in Keystone. */
export const viewUser = (ctx: Ctx, row: ShownUser) => ({
  ...(row.extra as object),
  id: row.id,
  name: row.name,
  domain_id: row.domain_id,
  enabled: row.enabled,
  password_expires_at: viewExpiry(row.password_expires_at),
  options: row.options,
  ...(row.description === null ? {} : { description: row.description }),
  ...(row.default_project_id === null ? {} : { default_project_id: row.default_project_id }),
  ...(row.federated ? { federated: [viewFederated(row.federated)] } : {}),
  links: linkTo(ctx, `users/${row.id}`),
})

const viewFederated = ({ identity_provider_id, protocol_id, unique_id }: FederatedUser) => ({
  idp_id: identity_provider_id,
  protocols: [{ protocol_id, unique_id }],
})
