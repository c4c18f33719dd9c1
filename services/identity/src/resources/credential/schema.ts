import { z } from 'zod'
import { idText, page } from '../../collection.ts'

/** keystone/credential/schema.py */
const fields = {
  project_id: idText.nullable().optional(),
}
const Blob = z.string().max(65_535)
const Type = z.string().min(1).max(255)

export const CreateCredential = z.looseObject({ user_id: idText, type: Type, blob: Blob, ...fields })
export type CreateCredential = z.output<typeof CreateCredential>

export const ChangeCredential = z.looseObject({
  user_id: idText.optional(),
  type: Type.optional(),
  blob: Blob.optional(),
  ...fields,
})
export type ChangeCredential = z.output<typeof ChangeCredential>

export const ListCredentials = z.object({
  user_id: idText.optional(),
  type: z.string().max(255).optional(),
  ...page,
})
export type ListCredentials = z.output<typeof ListCredentials>

export const CredentialReply = z.object({
  credential: z.object({
    id: z.string(),
    user_id: z.string(),
    project_id: z.string().nullable(),
    type: z.string(),
    blob: z.string(),
  }),
})
