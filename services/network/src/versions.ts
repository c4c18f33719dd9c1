import { type Route, route } from '@caelum/http'
import type { Ctx } from '@caelum/kernel'

const v2 = (ctx: Ctx) => ({
  id: 'v2.0',
  status: 'CURRENT',
  links: [{ rel: 'self', href: `${ctx.baseUrl}/v2.0/` }],
})

/** What `GET /v2.0` lists (neutron/api/v2/router.py, class Index). */
const RESOURCES = [
  'network',
  'subnet',
  'port',
  'security_group',
  'security_group_rule',
  'quota',
  'agent',
  'extension',
]

export const versionRoutes: Route[] = [
  route({
    operation: 'network:versions:list',
    method: 'GET',
    path: '/',
    summary: 'Which versions this service speaks',
    access: 'public',
    handle: ctx => ({ versions: [v2(ctx)] }),
  }),
  route({
    operation: 'network:versions:show',
    method: 'GET',
    path: '/v2.0',
    summary: 'Which resources version 2.0 has',
    access: 'public',
    handle: ctx => ({
      resources: RESOURCES.map(name => {
        const collection = `${name}s`
        const href = `${ctx.baseUrl}/v2.0/${collection.replaceAll('_', '-')}`
        return { name, collection, links: [{ rel: 'self', href }] }
      }),
    }),
  }),
]
