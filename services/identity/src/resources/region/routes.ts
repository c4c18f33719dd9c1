import { type Route, route } from '@caelum/http'
import { z } from 'zod'
import { byId } from '../../collection.ts'
import { collectionRoutes } from '../../collection-routes.ts'
import { errors } from '../../errors.ts'
import { ChangeRegion, CreateRegion, ListRegions, RegionReply } from './schema.ts'
import type { RegionService } from './service.ts'
import { viewRegion } from './view.ts'

/** keystone/api/regions.py */
export const regionRoutes = (service: RegionService): Route[] => [
  ...collectionRoutes({
    many: 'regions',
    one: 'region',
    create: z.object({ region: CreateRegion }),
    change: z.object({ region: ChangeRegion }),
    query: ListRegions,
    reply: RegionReply,
    service,
    view: viewRegion,
  }),
  route({
    operation: 'identity:regions:create',
    method: 'PUT',
    path: '/v3/regions/:id',
    summary: 'Create a region with this id',
    params: byId,
    body: z.object({ region: CreateRegion }),
    reply: RegionReply,
    status: 201,
    async handle(ctx, { params, body }) {
      const { region } = body
      if (region.id !== undefined && region.id !== params.id)
        throw errors.badRequest('The id in the body is not the one in the path.')
      return { region: viewRegion(ctx, await service.create(ctx, { ...region, id: params.id })) }
    },
  }),
]
