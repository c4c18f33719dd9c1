import { buildService, keystoneEnvelope, type Route } from '@caelum/http'
import type { Logger } from '@caelum/kernel'
import { followRequests } from './audit/request.ts'
import type { Deps } from './deps.ts'
import { policy } from './policy.ts'
import { accessRuleRoutes } from './resources/access-rule/routes.ts'
import { applicationCredentialRoutes } from './resources/application-credential/routes.ts'
import { assignmentRoutes } from './resources/assignment/routes.ts'
import { auditRoutes } from './resources/audit/routes.ts'
import { consumerRoutes } from './resources/consumer/routes.ts'
import { credentialRoutes } from './resources/credential/routes.ts'
import { domainRoutes } from './resources/domain/routes.ts'
import { domainConfigRoutes } from './resources/domain-config/routes.ts'
import { ec2Routes } from './resources/ec2/routes.ts'
import { endpointRoutes } from './resources/endpoint/routes.ts'
import { endpointGroupRoutes } from './resources/endpoint-group/routes.ts'
import { federationRoutes } from './resources/federation/routes.ts'
import { protocolRoutes } from './resources/federation-protocol/routes.ts'
import { groupRoutes } from './resources/group/routes.ts'
import { identityProviderRoutes } from './resources/identity-provider/routes.ts'
import { limitRoutes } from './resources/limit/routes.ts'
import { mappingRoutes } from './resources/mapping/routes.ts'
import { oauth1Routes } from './resources/oauth1/routes.ts'
import { oauth2Routes } from './resources/oauth2/routes.ts'
import { policyRoutes } from './resources/policy/routes.ts'
import { projectRoutes } from './resources/project/routes.ts'
import { regionRoutes } from './resources/region/routes.ts'
import { registeredLimitRoutes } from './resources/registered-limit/routes.ts'
import { roleRoutes } from './resources/role/routes.ts'
import { serviceRoutes } from './resources/service/routes.ts'
import { serviceProviderRoutes } from './resources/service-provider/routes.ts'
import { tokenRoutes } from './resources/token/routes.ts'
import { trustRoutes } from './resources/trust/routes.ts'
import { userRoutes } from './resources/user/routes.ts'
import { versionRoutes } from './versions.ts'

export const routesOf = (deps: Deps): Route[] => [
  ...versionRoutes,
  ...tokenRoutes(deps.tokens, deps.catalog),
  ...domainRoutes(deps.domains),
  ...projectRoutes(deps.projects, deps.limits),
  ...userRoutes(deps.users, deps.ownPassword),
  ...auditRoutes(deps.audit),
  ...credentialRoutes(deps.credentials),
  ...ec2Routes(deps.ec2, deps),
  ...applicationCredentialRoutes(deps.applicationCredentials),
  ...accessRuleRoutes(deps.accessRules),
  ...trustRoutes(deps.trusts),
  ...consumerRoutes(deps.consumers),
  ...oauth1Routes(deps.oauth1),
  ...oauth2Routes(deps.tokens),
  ...groupRoutes(deps.groups, deps.users),
  ...roleRoutes(deps.roles),
  ...assignmentRoutes(deps.assignments),
  ...regionRoutes(deps.regions),
  ...serviceRoutes(deps.services),
  ...endpointRoutes(deps.endpoints, deps.catalog),
  ...endpointGroupRoutes(deps.endpointGroups),
  ...policyRoutes(deps.policies),
  ...registeredLimitRoutes(deps.registeredLimits),
  ...limitRoutes(deps.limits),
  ...domainConfigRoutes(deps.domainConfigs),
  ...identityProviderRoutes(deps.identityProviders),
  ...protocolRoutes(deps.federationProtocols),
  ...mappingRoutes(deps.mappings),
  ...serviceProviderRoutes(deps.serviceProviders),
  ...federationRoutes(deps),
]

interface AppOptions {
  log: Logger
  identityUrl: string
  trustedProxies?: string
}

export function buildApp(deps: Deps, options: AppOptions) {
  const app = buildService({
    name: 'identity',
    ...options,
    verifier: deps.verifier,
    policy,
    routes: routesOf(deps),
    envelope: keystoneEnvelope,
    requestIdHeader: 'x-openstack-request-id',
    healthy: async () => {
      await deps.db.$queryRaw`select 1`
    },
  })
  followRequests(app, deps.recordLate)
  return app
}
