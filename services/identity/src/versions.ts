import { type Route, route } from '@caelum/http'
import type { Ctx } from '@caelum/kernel'

const v3 = (ctx: Ctx) => ({
  id: 'v3.14',
  status: 'stable',
  updated: '2020-04-07T00:00:00Z',
  links: [{ rel: 'self', href: `${ctx.baseUrl}/v3/` }],
  'media-types': [{ base: 'application/json', type: 'application/vnd.openstack.identity-v3+json' }],
})

/** keystone/api/discovery.py: the list nests under `values` and answers 300. */
export const versionRoutes: Route[] = [
  route({
    operation: 'identity:versions:list',
    method: 'GET',
    path: '/',
    summary: 'Which versions this service speaks',
    access: 'public',
    status: 300,
    handle(ctx, _input, reply) {
      reply.header('location', `${ctx.baseUrl}/v3/`)
      return { versions: { values: [v3(ctx)] } }
    },
  }),
  route({
    operation: 'identity:versions:show',
    method: 'GET',
    path: '/v3',
    summary: 'The version document of v3',
    access: 'public',
    handle: ctx => ({ version: v3(ctx) }),
  }),
]
