import { z } from 'zod'
import { description, idText, nonBlank, page } from '../../collection.ts'
import { LONGEST_PASSWORD } from '../../password/hasher.ts'
import { AccessRuleFields } from '../access-rule/schema.ts'
import { RoleRef } from '../role/schema.ts'

/** One that there is, by id; or what it shall say. */
const AccessRuleRef = z.union([
  AccessRuleFields.extend({ id: idText.optional() }),
  z.strictObject({ id: idText }),
])
export type AccessRuleRef = z.output<typeof AccessRuleRef>

/** keystone/application_credential/schema.py; the project is that of the token, and named in vain */
export const CreateApplicationCredential = z.strictObject({
  name: nonBlank(255),
  description: description.optional(),
  /** null, or none: we choose one */
  secret: z.string().max(LONGEST_PASSWORD).nullable().optional(),
  expires_at: z.string().max(64).nullable().optional(),
  /** none: all that the token shows */
  roles: z.array(RoleRef).max(200).optional(),
  unrestricted: z.boolean().nullable().optional(),
  access_rules: z.array(AccessRuleRef).max(200).optional(),
  id: idText.optional(),
  project_id: idText.nullable().optional(),
  system: z.string().max(64).nullable().optional(),
})
export type CreateApplicationCredential = z.output<typeof CreateApplicationCredential>

export const ListApplicationCredentials = z.object({ name: z.string().max(255).optional(), ...page })
export type ListApplicationCredentials = z.output<typeof ListApplicationCredentials>

export const ofUser = z.object({ user_id: idText })
export const ofUserById = z.object({ user_id: idText, id: idText })

export const ApplicationCredentialReply = z.object({
  application_credential: z.object({
    id: z.string(),
    name: z.string(),
    project_id: z.string().nullable(),
    roles: z.array(z.object({ id: z.string(), name: z.string() })),
    unrestricted: z.boolean(),
    expires_at: z.string().nullable(),
  }),
})
