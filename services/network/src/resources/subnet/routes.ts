import type { Route } from '@caelum/http'
import { collectionRoutes } from '../../collection/routes.ts'
import { subnetKind } from './kind.ts'
import { ChangeSubnet, CreateSubnet } from './schema.ts'
import type { SubnetService } from './service.ts'
import { viewSubnet } from './view.ts'

export const subnetRoutes = (service: SubnetService): Route[] =>
  collectionRoutes({
    kind: subnetKind,
    noun: 'subnet',
    service,
    create: CreateSubnet,
    change: ChangeSubnet,
    view: viewSubnet,
  })
