import { buildService, type Envelope, neutronEnvelope, type Route } from '@caelum/http'
import { type Logger, Problem } from '@caelum/kernel'
import type { TokenVerifier } from '@caelum/token'
import type { Deps } from './deps.ts'
import { policy } from './policy.ts'
import { ovnRoutes } from './reconcile/routes.ts'
import { agentRoutes } from './resources/agent/routes.ts'
import { availabilityZoneRoutes } from './resources/availability-zone/routes.ts'
import { extensionRoutes } from './resources/extension/routes.ts'
import { networkRoutes } from './resources/network/routes.ts'
import { portRoutes } from './resources/port/routes.ts'
import { quotaRoutes } from './resources/quota/routes.ts'
import { securityGroupRoutes } from './resources/security-group/routes.ts'
import { securityGroupRuleRoutes } from './resources/security-group-rule/routes.ts'
import { subnetRoutes } from './resources/subnet/routes.ts'
import { versionRoutes } from './versions.ts'

export const routesOf = (deps: Deps): Route[] => [
  ...versionRoutes,
  ...networkRoutes(deps.networks),
  ...subnetRoutes(deps.subnets),
  ...portRoutes(deps.ports),
  ...securityGroupRoutes(deps.groups),
  ...securityGroupRuleRoutes(deps.rules),
  ...quotaRoutes(deps.quotas),
  ...agentRoutes(deps.agents),
  ...ovnRoutes(deps.ovn.reconciler),
  ...availabilityZoneRoutes,
  ...extensionRoutes,
]

/** Neutron's names for what any service may refuse (neutron/pecan_wsgi/hooks/translation.py, policy_enforcement.py). */
const NAMES: Readonly<Record<string, string>> = {
  BadRequest: 'HTTPBadRequest',
  NotFound: 'HTTPNotFound',
  MethodNotAllowed: 'HTTPMethodNotAllowed',
  Forbidden: 'PolicyNotAuthorized',
}

const envelope: Envelope = (problem, requestId) => {
  const code = NAMES[problem.code] ?? problem.code
  return neutronEnvelope(new Problem(code, problem.status, problem.message, problem.headers), requestId)
}

export const buildApp = (
  deps: Deps,
  options: { log: Logger; verifier: Pick<TokenVerifier, 'verify'>; identityUrl: string },
) =>
  buildService({
    name: 'network',
    ...options,
    policy,
    routes: routesOf(deps),
    envelope,
    healthy: async () => {
      await deps.db.$queryRaw`select 1`
    },
  })
