import { z } from 'zod'
import { METADATA_KEY, resourceName } from '../../fields.ts'

/** nova/api/openstack/compute/schemas/aggregates.py */
const zone = resourceName().refine(name => !name.includes(':'), { message: 'may not hold :' })

export const CreateAggregate = z.strictObject({
  aggregate: z.strictObject({ name: resourceName(), availability_zone: zone.nullish() }),
})
export type CreateAggregate = z.output<typeof CreateAggregate>['aggregate']

export const UpdateAggregate = z.strictObject({
  aggregate: z
    .strictObject({
      name: z.string().trim().pipe(resourceName()).optional(),
      availability_zone: zone.nullable().optional(),
    })
    .refine(body => Object.keys(body).length > 0, { message: 'must hold a name or an availability_zone' }),
})
export type UpdateAggregate = z.output<typeof UpdateAggregate>['aggregate']

const host = z.strictObject({
  host: z
    .string()
    .min(1)
    .max(255)
    .regex(/^[a-zA-Z0-9\-._]*$/, 'may hold letters, digits, and - . _'),
})
const metadata = z.record(
  z.string().regex(METADATA_KEY, 'may hold letters, digits, blanks, and - _ : .'),
  z.string().max(255).nullable(),
)
export const AggregateAction = z.union([
  z.strictObject({ add_host: host }),
  z.strictObject({ remove_host: host }),
  z.strictObject({ set_metadata: z.strictObject({ metadata }) }),
])
export type AggregateAction = z.output<typeof AggregateAction>

export const AggregateId = z.object({ id: z.string().regex(/^\d{1,9}$/, 'must be a whole number') })
export const CacheImages = z.strictObject({
  cache: z.array(z.strictObject({ id: z.uuid() })).min(1),
})

const created = z.object({
  id: z.int(),
  uuid: z.uuid(),
  name: z.string(),
  availability_zone: z.string().nullable(),
  created_at: z.string(),
  updated_at: z.string().nullable(),
  deleted: z.literal(false),
  deleted_at: z.null(),
})
const whole = created.extend({ hosts: z.array(z.string()), metadata: z.record(z.string(), z.string()) })
export const CreatedAggregateReply = z.object({ aggregate: created })
export const AggregateReply = z.object({ aggregate: whole })
export const AggregatesReply = z.object({ aggregates: z.array(whole) })
