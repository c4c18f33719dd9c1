import { z } from 'zod'
import { idText, nonBlank, page } from '../../collection.ts'

const Blob = z.string().max(65_535)

/** keystone/policy/schema.py */
export const CreatePolicy = z.looseObject({ blob: Blob, type: nonBlank(255) })
export type CreatePolicy = z.output<typeof CreatePolicy>

export const ChangePolicy = z
  .looseObject({ blob: Blob.optional(), type: nonBlank(255).optional() })
  .refine(body => Object.keys(body).length > 0, 'nothing to change')
export type ChangePolicy = z.output<typeof ChangePolicy>

export const ListPolicies = z.object({ type: z.string().max(255).optional(), ...page })
export type ListPolicies = z.output<typeof ListPolicies>

export const OnEndpoint = z.object({ id: idText, endpoint_id: idText })
export const OnService = z.object({ id: idText, service_id: idText })
export const OnServiceInRegion = z.object({ id: idText, service_id: idText, region_id: idText })

export const PolicyReply = z.object({
  policy: z.object({ id: z.string(), type: z.string(), blob: z.string() }),
})
