import { z } from 'zod'
import { idText, page } from '../../collection.ts'
import { RoleRef } from '../role/schema.ts'

/** keystone/trust/schema.py */
export const CreateTrust = z.looseObject({
  trustor_user_id: idText,
  trustee_user_id: idText,
  project_id: idText.nullable().optional(),
  impersonation: z.boolean(),
  roles: z.array(RoleRef).max(200).optional(),
  remaining_uses: z.number().int().min(1).max(2_147_483_647).nullable().optional(),
  expires_at: z.string().max(64).nullable().optional(),
  allow_redelegation: z.boolean().nullable().optional(),
  redelegation_count: z.number().int().min(0).max(1_000).nullable().optional(),
})
export type CreateTrust = z.output<typeof CreateTrust>

export const ListTrusts = z.object({
  trustor_user_id: idText.optional(),
  trustee_user_id: idText.optional(),
  ...page,
})
export type ListTrusts = z.output<typeof ListTrusts>

export const byTrustAndRole = z.object({ id: idText, role_id: idText })

export const TrustReply = z.object({
  trust: z.object({
    id: z.string(),
    trustor_user_id: z.string(),
    trustee_user_id: z.string(),
    project_id: z.string(),
    impersonation: z.boolean(),
    expires_at: z.string().nullable(),
    remaining_uses: z.number().nullable(),
    redelegation_count: z.number(),
  }),
})
