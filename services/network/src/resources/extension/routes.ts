import { type Route, route } from '@caelum/http'
import { z } from 'zod'
import { errors } from '../../errors.ts'
import { extensions } from './list.ts'

export const extensionRoutes: Route[] = [
  route({
    operation: 'network:extensions:list',
    method: 'GET',
    path: '/v2.0/extensions',
    summary: 'List extensions',
    handle: () => ({ extensions }),
  }),
  route({
    operation: 'network:extensions:show',
    method: 'GET',
    path: '/v2.0/extensions/:alias',
    summary: 'Show an extension',
    params: z.object({ alias: z.string() }),
    handle: (_ctx, { params }) => {
      const extension = extensions.find(one => one.alias === params.alias)
      if (!extension) throw errors.extensionNotFound(params.alias)
      return { extension }
    },
  }),
]
