import { gatedObject, since } from '@caelum/http'
import { z } from 'zod'
import { looseBoolean } from '../../fields.ts'

/** nova/api/openstack/compute/schemas/services.py */
export const ListServices = gatedObject(
  { host: z.string().max(255).optional(), binary: z.string().max(255).optional() },
  75,
)
export type ListServices = z.output<ReturnType<typeof ListServices>>

const reason = z.string().min(1).max(255).optional()

/** Until 2.52 the path names the action and the body the service. */
export const ActOnService = gatedObject({
  host: z
    .string()
    .min(1)
    .max(255)
    .regex(/^[a-zA-Z0-9\-._]*$/, 'may hold letters, digits, and - . _'),
  binary: z.string().min(1).max(255),
  disabled_reason: reason,
  forced_down: since(11, looseBoolean().optional()),
})
export type ActOnService = z.output<ReturnType<typeof ActOnService>>

/** From 2.53 on the path names the service and the body what it shall be. */
export const UpdateService = z.strictObject({
  status: z.enum(['enabled', 'disabled']).optional(),
  disabled_reason: reason,
  forced_down: looseBoolean().optional(),
})
export type UpdateService = z.output<typeof UpdateService>

export const ServiceId = z.object({ id: z.string().min(1).max(255) })

const service = z.object({
  id: z.uuid(),
  binary: z.string(),
  host: z.string(),
  zone: z.string(),
  status: z.enum(['enabled', 'disabled']),
  state: z.enum(['up', 'down']),
  updated_at: z.string().nullable(),
  disabled_reason: z.string().nullable(),
  forced_down: z.boolean(),
})
export const ServiceReply = z.object({ service })
export const ServicesReply = z.object({ services: z.array(service) })
