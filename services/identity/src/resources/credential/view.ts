import type { Ctx } from '@caelum/kernel'
import { linkTo } from '../../collection.ts'
import type { Credential } from './service.ts'

export const viewCredential = (ctx: Ctx, row: Credential) => ({
  ...(row.extra as object),
  id: row.id,
  user_id: row.user_id,
  project_id: row.project_id,
  type: row.type,
  blob: row.blob,
  links: linkTo(ctx, `credentials/${row.id}`),
})
