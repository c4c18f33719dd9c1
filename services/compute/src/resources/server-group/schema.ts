import { gatedObject, since, until } from '@caelum/http'
import { z } from 'zod'
import { looseInt, resourceName } from '../../fields.ts'

/** nova/api/openstack/compute/schemas/server_groups.py. The soft policies came with 2.15. */
const HARD = ['anti-affinity', 'affinity'] as const
const ALL = [...HARD, 'soft-anti-affinity', 'soft-affinity'] as const
export type GroupPolicy = (typeof ALL)[number]

/** A list of one policy until 2.63; from 2.64 on one policy and its rules. */
const group = (microversion: number) =>
  gatedObject({
    name: resourceName(),
    policies: until(63, z.tuple([z.enum<readonly GroupPolicy[]>(microversion >= 15 ? ALL : HARD)])),
    policy: since(64, z.enum(ALL)),
    rules: since(64, z.strictObject({ max_server_per_host: looseInt(1).optional() }).optional()),
  })(microversion)

export const CreateServerGroup = (microversion: number) =>
  z.strictObject({ server_group: group(microversion) })
export type CreateServerGroup = z.output<ReturnType<typeof CreateServerGroup>>['server_group']

const count = z.coerce.number().int().min(0).optional()
export const ListServerGroups = gatedObject(
  { all_projects: z.string().max(255).optional(), limit: count, offset: count },
  75,
)
export type ListServerGroups = z.output<ReturnType<typeof ListServerGroups>>

export const ServerGroupId = z.object({ id: z.string().max(255) })

const shown = z.object({
  id: z.uuid(),
  name: z.string(),
  policy: z.enum(ALL),
  rules: z.object({ max_server_per_host: z.int().optional() }),
  members: z.array(z.uuid()),
  project_id: z.string(),
  user_id: z.string(),
})
export const ServerGroupReply = z.object({ server_group: shown })
export const ServerGroupsReply = z.object({ server_groups: z.array(shown) })
