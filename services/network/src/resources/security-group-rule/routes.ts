import type { Route } from '@caelum/http'
import { collectionRoutes } from '../../collection/routes.ts'
import { securityGroupRuleKind } from './kind.ts'
import { CreateSecurityGroupRule } from './schema.ts'
import type { SecurityGroupRuleService } from './service.ts'
import { viewRule } from './view.ts'

export const securityGroupRuleRoutes = (service: SecurityGroupRuleService): Route[] =>
  collectionRoutes({
    kind: securityGroupRuleKind,
    noun: 'security group rule',
    service,
    create: CreateSecurityGroupRule,
    view: viewRule,
  })
