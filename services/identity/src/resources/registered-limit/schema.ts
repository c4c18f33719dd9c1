import { z } from 'zod'
import { description, idText, nonBlank, page } from '../../collection.ts'

/** keystone/limit/schema.py; -1 is no limit. */
export const Amount = z.number().int().min(-1).max(0x7fffffff)

const CreateRegisteredLimit = z.strictObject({
  service_id: idText,
  region_id: idText.nullable().optional(),
  resource_name: nonBlank(255),
  default_limit: Amount,
  description: description.optional(),
})
export type CreateRegisteredLimit = z.output<typeof CreateRegisteredLimit>

export const MOST_AT_ONCE = 1_000
export const CreateRegisteredLimits = z.strictObject({
  registered_limits: z.array(CreateRegisteredLimit).min(1).max(MOST_AT_ONCE),
})

export const ChangeRegisteredLimit = z.strictObject({
  service_id: idText.optional(),
  region_id: idText.nullable().optional(),
  resource_name: nonBlank(255).optional(),
  default_limit: Amount.optional(),
  description: description.optional(),
})
export type ChangeRegisteredLimit = z.output<typeof ChangeRegisteredLimit>

export const ListRegisteredLimits = z.object({
  service_id: idText.optional(),
  region_id: idText.optional(),
  resource_name: z.string().max(255).optional(),
  ...page,
})
export type ListRegisteredLimits = z.output<typeof ListRegisteredLimits>

const shape = z.object({
  id: z.string(),
  service_id: z.string(),
  region_id: z.string().nullable(),
  resource_name: z.string(),
  default_limit: z.number(),
  description: z.string().nullable(),
})
export const RegisteredLimitReply = z.object({ registered_limit: shape })
export const RegisteredLimitsReply = z.object({ registered_limits: z.array(shape) })
