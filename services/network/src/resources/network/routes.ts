import type { Route } from '@caelum/http'
import { collectionRoutes } from '../../collection/routes.ts'
import { networkKind } from './kind.ts'
import { ChangeNetwork, CreateNetwork } from './schema.ts'
import type { NetworkService } from './service.ts'
import { viewNetwork } from './view.ts'

export const networkRoutes = (service: NetworkService): Route[] =>
  collectionRoutes({
    kind: networkKind,
    noun: 'network',
    service,
    create: CreateNetwork,
    change: ChangeNetwork,
    view: viewNetwork,
  })
