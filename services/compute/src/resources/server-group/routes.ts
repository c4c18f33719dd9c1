import { type Route, route } from '@caelum/http'
import {
  CreateServerGroup,
  ListServerGroups,
  ServerGroupId,
  ServerGroupReply,
  ServerGroupsReply,
} from './schema.ts'
import type { ServerGroupService } from './service.ts'
import { viewServerGroup } from './view.ts'

export const serverGroupRoutes = (groups: ServerGroupService): Route[] => [
  route({
    operation: 'compute:server_groups:list',
    method: 'GET',
    path: '/v2.1/os-server-groups',
    summary: 'List the server groups of the project',
    query: ListServerGroups,
    reply: ServerGroupsReply,
    handle: async (ctx, { query }) => ({
      server_groups: (await groups.list(ctx, query)).map(row => viewServerGroup(row, ctx.microversion)),
    }),
  }),
  route({
    operation: 'compute:server_groups:create',
    method: 'POST',
    path: '/v2.1/os-server-groups',
    summary: 'Make a group of servers that are kept on one host, or on different ones',
    body: CreateServerGroup,
    reply: ServerGroupReply,
    handle: async (ctx, { body }) => ({
      server_group: viewServerGroup(await groups.create(ctx, body.server_group), ctx.microversion),
    }),
  }),
  route({
    operation: 'compute:server_groups:show',
    method: 'GET',
    path: '/v2.1/os-server-groups/:id',
    summary: 'Show a server group',
    params: ServerGroupId,
    reply: ServerGroupReply,
    handle: async (ctx, { params }) => ({
      server_group: viewServerGroup(await groups.get(ctx, params.id), ctx.microversion),
    }),
  }),
  route({
    operation: 'compute:server_groups:delete',
    method: 'DELETE',
    path: '/v2.1/os-server-groups/:id',
    summary: 'Delete a server group; its servers stay where they are',
    params: ServerGroupId,
    status: 204,
    handle: (ctx, { params }) => groups.remove(ctx, params.id),
  }),
]
