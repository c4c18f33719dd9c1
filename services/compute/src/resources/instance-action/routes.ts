import { type Route, route } from '@caelum/http'
import { nextOf } from '../../links.ts'
import { ServerId } from '../server/schema.ts'
import { ActionId, ActionReply, ActionsReply, ListActions } from './schema.ts'
import type { InstanceActionService } from './service.ts'
import { viewAction, viewActionShown } from './view.ts'

export const instanceActionRoutes = (actions: InstanceActionService): Route[] => [
  route({
    operation: 'compute:instance_actions:list',
    method: 'GET',
    path: '/v2.1/servers/:id/os-instance-actions',
    summary: 'List what was asked of a server, newest first; in pages from 2.58 on',
    params: ServerId,
    query: ListActions,
    reply: ActionsReply,
    async handle(ctx, { params, query, request }) {
      const found = await actions.list(ctx, params.id, query)
      const rows = found.map(row => ({ id: row.request_id }))
      const links = nextOf({ ctx, request, rows, limit: query.limit })
      return {
        instanceActions: found.map(row => viewAction(row, ctx.microversion)),
        ...(ctx.microversion >= 58 && links.length > 0 ? { links } : {}),
      }
    },
  }),
  route({
    operation: 'compute:instance_actions:show',
    method: 'GET',
    path: '/v2.1/servers/:id/os-instance-actions/:request_id',
    summary: 'Show what a request asked of a server',
    params: ActionId,
    reply: ActionReply,
    handle: async (ctx, { params }) => ({
      instanceAction: viewActionShown(ctx, await actions.get(ctx, params.id, params.request_id)),
    }),
  }),
]
