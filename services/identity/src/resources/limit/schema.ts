import { z } from 'zod'
import { description, idText, nonBlank, page } from '../../collection.ts'
import { Amount, MOST_AT_ONCE } from '../registered-limit/schema.ts'

/** keystone/limit/schema.py */
const CreateLimit = z
  .strictObject({
    service_id: idText,
    region_id: idText.nullable().optional(),
    resource_name: nonBlank(255),
    resource_limit: Amount,
    description: description.optional(),
    project_id: idText.nullable().optional(),
    domain_id: idText.nullable().optional(),
  })
  .refine(it => Boolean(it.project_id) !== Boolean(it.domain_id), 'needs a project_id or a domain_id')
export type CreateLimit = z.output<typeof CreateLimit>

export const CreateLimits = z.strictObject({ limits: z.array(CreateLimit).min(1).max(MOST_AT_ONCE) })

export const ChangeLimit = z.strictObject({
  resource_limit: Amount.optional(),
  description: description.optional(),
})
export type ChangeLimit = z.output<typeof ChangeLimit>

export const ListLimits = z.object({
  service_id: idText.optional(),
  region_id: idText.optional(),
  resource_name: z.string().max(255).optional(),
  project_id: idText.optional(),
  domain_id: idText.optional(),
  ...page,
})
export type ListLimits = z.output<typeof ListLimits>

const shape = z.object({
  id: z.string(),
  project_id: z.string().nullable(),
  domain_id: z.string().nullable(),
  service_id: z.string(),
  region_id: z.string().nullable(),
  resource_name: z.string(),
  resource_limit: z.number(),
  description: z.string().nullable(),
})
export const LimitReply = z.object({ limit: shape })
export const LimitsReply = z.object({ limits: z.array(shape) })
export const ModelReply = z.object({ model: z.object({ name: z.string(), description: z.string() }) })
