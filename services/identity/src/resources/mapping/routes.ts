import type { Route } from '@caelum/http'
import { chosenIdRoutes } from '../../collection-routes.ts'
import { ListMappings, MappingBody, MappingReply } from './schema.ts'
import type { MappingService } from './service.ts'
import { viewMapping } from './view.ts'

/** keystone/api/os_federation.py, MappingResource. */
export const mappingRoutes = (service: MappingService): Route[] =>
  chosenIdRoutes({
    many: 'mappings',
    one: 'mapping',
    create: MappingBody,
    change: MappingBody,
    query: ListMappings,
    reply: MappingReply,
    service,
    view: viewMapping,
  })
