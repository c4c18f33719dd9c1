import { z } from 'zod'
import { description, idText, page } from '../../collection.ts'
import { fillUrl } from './catalog.ts'

/** keystone/common/validation/parameter_types.py, url; only the substitutions that there are. */
const Url = z
  .string()
  .min(1)
  .max(2_000)
  .regex(/^[a-zA-Z0-9+.-]+:.+/, 'must be a URL')
  .refine(url => fillUrl(url, 'user', 'project') !== null, 'names a substitution that there is not')
const Interface = z.enum(['public', 'internal', 'admin'])

const fields = {
  name: z.string().max(255).nullable().optional(),
  description: description.optional(),
  region_id: idText.nullable().optional(),
  /** the older spelling of region_id; such a region is made when there is none */
  region: idText.nullable().optional(),
  enabled: z.boolean().optional(),
}

export const CreateEndpoint = z.looseObject({ service_id: idText, interface: Interface, url: Url, ...fields })
export type CreateEndpoint = z.output<typeof CreateEndpoint>

export const ChangeEndpoint = z.looseObject({
  service_id: idText.optional(),
  interface: Interface.optional(),
  url: Url.optional(),
  ...fields,
})
export type ChangeEndpoint = z.output<typeof ChangeEndpoint>

export const ListEndpoints = z.object({
  service_id: idText.optional(),
  region_id: idText.optional(),
  region: idText.optional(),
  interface: z.string().max(64).optional(),
  ...page,
})
export type ListEndpoints = z.output<typeof ListEndpoints>

export const EndpointReply = z.object({
  endpoint: z.object({
    id: z.string(),
    service_id: z.string(),
    region_id: z.string().nullable(),
    interface: Interface,
    url: z.string(),
    enabled: z.boolean(),
  }),
})
