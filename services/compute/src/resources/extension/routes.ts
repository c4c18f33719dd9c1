import { type Route, route } from '@caelum/http'
import { problems } from '@caelum/kernel'
import { z } from 'zod'
import { policy } from '../../policy.ts'
import { type Extension, extensionsOf } from './known.ts'

const extension = z.object({
  alias: z.string(),
  name: z.string(),
  description: z.string(),
  namespace: z.string(),
  updated: z.string(),
  links: z.array(z.never()),
})

const view = (one: Extension) => ({
  ...one,
  namespace: 'http://docs.openstack.org/compute/ext/fake_xml',
  updated: '2014-12-03T00:00:00Z',
  links: [],
})

export const extensionRoutes: Route[] = [
  route({
    operation: 'compute:extensions:list',
    method: 'GET',
    path: '/v2.1/extensions',
    summary: 'List what this service has, in the names of Nova before microversions',
    reply: z.object({ extensions: z.array(extension) }),
    handle: () => ({ extensions: extensionsOf(policy).map(view) }),
  }),
  route({
    operation: 'compute:extensions:show',
    method: 'GET',
    path: '/v2.1/extensions/:alias',
    summary: 'Show one extension',
    params: z.object({ alias: z.string().min(1).max(255) }),
    reply: z.object({ extension }),
    handle(_ctx, { params }) {
      const found = extensionsOf(policy).find(one => one.alias === params.alias)
      if (!found) throw problems.notFound(`Extension ${params.alias}`)
      return { extension: view(found) }
    },
  }),
]
