import { type Route, route } from '@caelum/http'
import { z } from 'zod'
import { linkTo } from '../../collection.ts'
import { collectionRoutes } from '../../collection-routes.ts'
import { errors } from '../../errors.ts'
import type { Catalog } from './catalog.ts'
import { ChangeEndpoint, CreateEndpoint, EndpointReply, ListEndpoints } from './schema.ts'
import type { EndpointService } from './service.ts'
import { viewEndpoint } from './view.ts'

/** keystone/api/endpoints.py, and the catalogue of keystone/api/auth.py */
export const endpointRoutes = (service: EndpointService, catalog: Catalog): Route[] => [
  ...collectionRoutes({
    many: 'endpoints',
    one: 'endpoint',
    create: z.object({ endpoint: CreateEndpoint }),
    change: z.object({ endpoint: ChangeEndpoint }),
    query: ListEndpoints,
    reply: EndpointReply,
    service,
    view: viewEndpoint,
  }),
  route({
    operation: 'identity:auth:catalog',
    method: 'GET',
    path: '/v3/auth/catalog',
    summary: 'The catalogue that goes with the token',
    async handle(ctx) {
      const { userId, scope } = ctx.caller
      if (scope.kind !== 'project') throw errors.catalogNeedsProject()
      return { catalog: await catalog.list(userId, scope.projectId), links: linkTo(ctx, 'auth/catalog') }
    },
  }),
]
