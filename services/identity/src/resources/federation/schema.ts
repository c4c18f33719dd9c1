import { z } from 'zod'
import { nonBlank } from '../../collection.ts'

export const AtDoor = z.object({ idp_id: nonBlank(64), protocol_id: nonBlank(64) })
export const ByProtocol = z.object({ protocol_id: nonBlank(64) })
export const FromDashboard = z.object({ origin: z.url().max(2_000).optional() })
