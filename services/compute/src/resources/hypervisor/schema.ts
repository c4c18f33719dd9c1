import { gatedObject, pageQuery, since } from '@caelum/http'
import { z } from 'zod'
import { looseBoolean } from '../../fields.ts'
import { MAX_PAGE } from '../../links.ts'

const page = pageQuery(MAX_PAGE)
const withServers = since(53, looseBoolean().optional())
const hostName = z
  .string()
  .min(1)
  .max(255)
  .regex(/^[a-zA-Z0-9\-._]*$/, 'may hold letters, digits, and - . _')

/** nova/api/openstack/compute/schemas/hypervisors.py; unknown query parameters are refused from 2.53 on. */
export const ListHypervisors = gatedObject(
  {
    limit: since(33, page.limit),
    marker: since(33, page.marker),
    hypervisor_hostname_pattern: since(53, hostName.optional()),
    with_servers: withServers,
  },
  53,
)
export type ListHypervisors = z.output<ReturnType<typeof ListHypervisors>>

export const ShowHypervisor = gatedObject({ with_servers: withServers }, 53)

export const HypervisorId = z.object({ id: z.string().min(1).max(255) })

const brief = z.object({
  id: z.uuid(),
  hypervisor_hostname: z.string(),
  state: z.enum(['up', 'down']),
  status: z.enum(['enabled', 'disabled']),
  servers: z.array(z.object({ uuid: z.uuid(), name: z.string() })).optional(),
})
const full = brief.extend({
  hypervisor_type: z.string(),
  hypervisor_version: z.int(),
  host_ip: z.string(),
  service: z.object({ id: z.uuid(), host: z.string(), disabled_reason: z.string().nullable() }),
  uptime: z.string().nullable(),
})
const links = z.array(z.object({ rel: z.string(), href: z.string() })).optional()
export const HypervisorsReply = z.object({ hypervisors: z.array(brief), hypervisors_links: links })
export const HypervisorDetailsReply = z.object({ hypervisors: z.array(full), hypervisors_links: links })
export const HypervisorReply = z.object({ hypervisor: full })
