import { type Route, route } from '@caelum/http'
import { ServerId } from '../server/schema.ts'
import { NewTag, OneTag, Tags } from './schema.ts'
import type { ServerTagService } from './service.ts'

/** nova/api/openstack/compute/server_tags.py */
export const serverTagRoutes = (tags: ServerTagService): Route[] =>
  [
    route({
      operation: 'compute:server_tags:list',
      method: 'GET',
      path: '/v2.1/servers/:id/tags',
      summary: 'List the tags of a server',
      params: ServerId,
      reply: Tags,
      handle: async (ctx, { params }) => ({ tags: await tags.list(ctx, params.id) }),
    }),
    route({
      operation: 'compute:server_tags:update_all',
      method: 'PUT',
      path: '/v2.1/servers/:id/tags',
      summary: 'Replace all tags of a server',
      params: ServerId,
      body: Tags,
      reply: Tags,
      handle: async (ctx, { params, body }) => ({ tags: await tags.replace(ctx, params.id, body.tags) }),
    }),
    route({
      operation: 'compute:server_tags:delete_all',
      method: 'DELETE',
      path: '/v2.1/servers/:id/tags',
      summary: 'Remove all tags of a server',
      params: ServerId,
      status: 204,
      async handle(ctx, { params }) {
        await tags.replace(ctx, params.id, [])
      },
    }),
    route({
      operation: 'compute:server_tags:show',
      method: 'GET',
      path: '/v2.1/servers/:id/tags/:tag',
      summary: 'Has the server this tag?',
      params: OneTag,
      status: 204,
      handle: (ctx, { params }) => tags.check(ctx, params.id, params.tag),
    }),
    route({
      operation: 'compute:server_tags:update',
      method: 'PUT',
      path: '/v2.1/servers/:id/tags/:tag',
      summary: 'Add a tag to a server',
      params: NewTag,
      status: 201,
      async handle(ctx, { params }, reply) {
        if (!(await tags.add(ctx, params.id, params.tag))) reply.code(204)
        else
          reply.header(
            'location',
            `${ctx.baseUrl}/v2.1/servers/${params.id}/tags/${encodeURIComponent(params.tag)}`,
          )
      },
    }),
    route({
      operation: 'compute:server_tags:delete',
      method: 'DELETE',
      path: '/v2.1/servers/:id/tags/:tag',
      summary: 'Remove a tag from a server',
      params: OneTag,
      status: 204,
      handle: (ctx, { params }) => tags.remove(ctx, params.id, params.tag),
    }),
  ].map(one => ({ ...one, since: 26 }))
