import { z } from 'zod'
import { idText, page } from '../../collection.ts'
import { RoleRef } from '../role/schema.ts'

export const Authorize = z.object({ roles: z.array(RoleRef).min(1).max(200) })

export const ListAccessTokens = z.object({ ...page })
export type ListAccessTokens = z.output<typeof ListAccessTokens>

export const ofUser = z.object({ user_id: idText })
export const ofUserById = z.object({ user_id: idText, id: idText })
export const ofUserAndRole = z.object({ user_id: idText, id: idText, role_id: idText })

export const AccessTokenReply = z.object({
  access_token: z.object({
    id: z.string(),
    consumer_id: z.string(),
    authorizing_user_id: z.string(),
    project_id: z.string(),
    expires_at: z.string(),
  }),
})
