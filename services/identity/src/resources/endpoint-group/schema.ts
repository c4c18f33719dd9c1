import { z } from 'zod'
import { description, idText, nameQuery, nonBlank, page } from '../../collection.ts'

/** keystone/api/os_ep_filter.py, _require_valid_filter: an endpoint must have all of them. */
const Filters = z
  .strictObject({
    interface: z.enum(['public', 'internal', 'admin']).optional(),
    service_id: idText.optional(),
    region_id: idText.optional(),
  })
  .refine(filters => Object.keys(filters).length > 0, 'must not be empty')
export type Filters = z.output<typeof Filters>

export const CreateEndpointGroup = z.object({
  name: nonBlank(255),
  description: description.optional(),
  filters: Filters,
})
export type CreateEndpointGroup = z.output<typeof CreateEndpointGroup>

export const ChangeEndpointGroup = z.object({
  name: nonBlank(255).optional(),
  description: description.optional(),
  filters: Filters.optional(),
})
export type ChangeEndpointGroup = z.output<typeof ChangeEndpointGroup>

export const ListEndpointGroups = z.object({ ...nameQuery, ...page })
export type ListEndpointGroups = z.output<typeof ListEndpointGroups>

export const EndpointInProject = z.object({ id: idText, endpoint_id: idText })
export const GroupInProject = z.object({ id: idText, project_id: idText })

export const EndpointGroupReply = z.object({
  endpoint_group: z.object({
    id: z.string(),
    name: z.string(),
    description: z.string().nullable(),
    filters: Filters,
  }),
})
