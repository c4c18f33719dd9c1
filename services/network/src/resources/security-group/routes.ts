import type { Route } from '@caelum/http'
import { collectionRoutes } from '../../collection/routes.ts'
import { securityGroupKind } from './kind.ts'
import { ChangeSecurityGroup, CreateSecurityGroup } from './schema.ts'
import type { SecurityGroupService } from './service.ts'
import { viewSecurityGroup } from './view.ts'

export const securityGroupRoutes = (service: SecurityGroupService): Route[] =>
  collectionRoutes({
    kind: securityGroupKind,
    noun: 'security group',
    service,
    create: CreateSecurityGroup,
    change: ChangeSecurityGroup,
    view: viewSecurityGroup,
  })
