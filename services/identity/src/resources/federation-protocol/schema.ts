import { z } from 'zod'
import { nonBlank } from '../../collection.ts'

const mapping_id = nonBlank(64)
const remote_id_attribute = z.string().max(64)

/** keystone/federation/schema.py, protocol_create_request_body. */
export const CreateProtocol = z.object({
  protocol: z.strictObject({ mapping_id, remote_id_attribute: remote_id_attribute.nullable().optional() }),
})
export type CreateProtocol = z.output<typeof CreateProtocol>['protocol']

export const ChangeProtocol = z.object({
  protocol: z.strictObject({ mapping_id, remote_id_attribute: remote_id_attribute.optional() }),
})
export type ChangeProtocol = z.output<typeof ChangeProtocol>['protocol']

export const OfProvider = z.object({ idp_id: nonBlank(64) })
export const AtProtocol = z.object({ idp_id: nonBlank(64), protocol_id: nonBlank(64) })

export const ProtocolReply = z.object({ protocol: z.object({ id: z.string(), mapping_id: z.string() }) })
