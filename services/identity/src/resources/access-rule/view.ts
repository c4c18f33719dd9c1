import type { Ctx } from '@caelum/kernel'
import { linkTo } from '../../collection.ts'
import type { AccessRule } from './store.ts'

export const viewAccessRule = (ctx: Ctx, { id, user_id, service, method, path }: AccessRule) => ({
  id,
  service,
  method,
  path,
  links: linkTo(ctx, `users/${user_id}/access_rules/${id}`),
})
