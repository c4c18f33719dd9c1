import { z } from 'zod'
import { idText } from '../../collection.ts'

export const CreateKeyPair = z.object({ tenant_id: idText })

export const byUser = z.object({ user_id: idText })
export const byAccess = z.object({ user_id: idText, access: idText })

export const KeyPairReply = z.object({
  credential: z.object({
    access: z.string(),
    secret: z.string().nullable(),
    user_id: z.string(),
    tenant_id: z.string(),
    trust_id: z.string().nullable(),
  }),
})
