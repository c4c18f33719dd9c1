import { gatedObject } from '@caelum/http'
import { z } from 'zod'

/** nova/api/openstack/compute/schemas/limits.py */
export const ListLimits = gatedObject({ tenant_id: z.string().min(1).max(255).optional() }, 75)

export const LimitsReply = z.object({
  limits: z.object({ rate: z.array(z.never()), absolute: z.record(z.string(), z.int()) }),
})
