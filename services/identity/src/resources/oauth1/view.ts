import { type Ctx, isoMicros } from '@caelum/kernel'
import { linkTo } from '../../collection.ts'
import type { Issued } from './service.ts'
import type { OAuth1Token } from './store.ts'

/** keystone/api/users.py, _format_token_entity */
export const viewAccessToken = (ctx: Ctx, row: OAuth1Token) => ({
  id: row.id,
  consumer_id: row.consumer_id,
  authorizing_user_id: row.user_id,
  project_id: row.project_id,
  expires_at: isoMicros(row.expires_at),
  links: {
    ...linkTo(ctx, `users/${row.user_id}/OS-OAUTH1/access_tokens/${row.id}`),
    roles: linkTo(ctx, `users/${row.user_id}/OS-OAUTH1/access_tokens/${row.id}/roles`).self,
  },
})

/** A form, as OAuth answers. */
export const viewIssued = ({ id, secret, expiresAt }: Issued): string =>
  new URLSearchParams({
    oauth_token: id,
    oauth_token_secret: secret,
    oauth_expires_at: isoMicros(expiresAt),
  }).toString()
