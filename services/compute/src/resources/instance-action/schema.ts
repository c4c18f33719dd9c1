import { gatedObject, pageQuery, since } from '@caelum/http'
import { z } from 'zod'
import { MAX_PAGE } from '../../links.ts'
import { when } from '../server/schema.ts'

const page = pageQuery(MAX_PAGE)

/** nova/api/openstack/compute/schemas/instance_actions.py; unknown parameters are refused from 2.58 on. */
export const ListActions = gatedObject(
  {
    limit: since(58, page.limit),
    marker: since(58, page.marker),
    'changes-since': since(58, when.optional()),
    'changes-before': since(66, when.optional()),
  },
  58,
)
export type ListActions = z.output<ReturnType<typeof ListActions>>

export const ActionId = z.object({ id: z.string().max(255), request_id: z.string().min(1).max(255) })

const action = z.object({
  action: z.string(),
  instance_uuid: z.uuid(),
  request_id: z.string(),
  /** null: nobody asked; the guest switched itself off */
  user_id: z.string().nullable(),
  project_id: z.string(),
  start_time: z.string(),
  updated_at: z.string(),
  message: z.string().nullable(),
})
export const ActionsReply = z.object({
  instanceActions: z.array(action),
  links: z.array(z.object({ rel: z.string(), href: z.string() })).optional(),
})
export const ActionReply = z.object({ instanceAction: action.extend({ events: z.array(z.unknown()) }) })
