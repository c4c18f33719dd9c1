import { type Route, route } from '@caelum/http'
import { z } from 'zod'
import { collectionRoutes } from '../../collection/routes.ts'
import { portKind } from './kind.ts'
import { ChangePort, CreatePort } from './schema.ts'
import type { PortService } from './service.ts'
import { viewPort, viewWiring } from './view.ts'

export const portRoutes = (ports: PortService): Route[] => [
  ...collectionRoutes({
    kind: portKind,
    noun: 'port',
    service: ports,
    create: CreatePort,
    change: ChangePort,
    view: viewPort,
  }),
  route({
    operation: 'network:ports:wiring',
    method: 'GET',
    path: '/v2.0/ports/:id/wiring',
    summary: 'What a host needs to plug a port; for the compute service',
    params: z.object({ id: z.string() }),
    handle: async (_ctx, { params }) => viewWiring(await ports.wiring(params.id)),
  }),
]
