import type { Route } from '@caelum/http'
import { z } from 'zod'
import { collectionRoutes } from '../../collection-routes.ts'
import { ChangeService, CreateService, ListServices, ServiceReply } from './schema.ts'
import type { ServiceService } from './service.ts'
import { viewService } from './view.ts'

/** keystone/api/services.py */
export const serviceRoutes = (service: ServiceService): Route[] =>
  collectionRoutes({
    many: 'services',
    one: 'service',
    create: z.object({ service: CreateService }),
    change: z.object({ service: ChangeService }),
    query: ListServices,
    reply: ServiceReply,
    service,
    view: viewService,
  })
