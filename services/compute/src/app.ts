import { buildService, novaEnvelope, type Route } from '@caelum/http'
import type { Logger } from '@caelum/kernel'
import type { TokenVerifier } from '@caelum/token'
import type { Deps } from './deps.ts'
import { policy } from './policy.ts'
import { aggregateRoutes } from './resources/aggregate/routes.ts'
import { availabilityZoneRoutes } from './resources/availability-zone/routes.ts'
import { computeServiceRoutes } from './resources/compute-service/routes.ts'
import { extensionRoutes } from './resources/extension/routes.ts'
import { flavorRoutes } from './resources/flavor/routes.ts'
import { extraSpecRoutes } from './resources/flavor-extra-spec/routes.ts'
import { hypervisorRoutes } from './resources/hypervisor/routes.ts'
import { instanceActionRoutes } from './resources/instance-action/routes.ts'
import { keypairRoutes } from './resources/keypair/routes.ts'
import { limitRoutes } from './resources/limit/routes.ts'
import { quotaRoutes } from './resources/quota-set/routes.ts'
import { serverRoutes } from './resources/server/routes.ts'
import { serverGroupRoutes } from './resources/server-group/routes.ts'
import { serverMetadataRoutes } from './resources/server-metadata/routes.ts'
import { serverTagRoutes } from './resources/server-tag/routes.ts'
import { microversions, versionRoutes } from './versions.ts'

export const routesOf = (deps: Deps): Route[] => [
  ...versionRoutes,
  ...flavorRoutes(deps.flavors),
  ...extraSpecRoutes(deps.extraSpecs),
  ...keypairRoutes(deps.keypairs),
  ...limitRoutes(deps.quotas),
  ...quotaRoutes(deps.quotas),
  ...serverRoutes(deps.servers),
  ...serverGroupRoutes(deps.serverGroups),
  ...serverMetadataRoutes(deps.serverMetadata),
  ...serverTagRoutes(deps.serverTags),
  ...instanceActionRoutes(deps.instanceActions),
  ...hypervisorRoutes(deps.hypervisors),
  ...computeServiceRoutes(deps.computeServices),
  ...aggregateRoutes(deps.aggregates),
  ...availabilityZoneRoutes(deps.hostViews),
  ...extensionRoutes,
]

export const buildApp = (
  deps: Deps,
  options: { log: Logger; verifier: Pick<TokenVerifier, 'verify'>; identityUrl: string },
) =>
  buildService({
    name: 'compute',
    ...options,
    policy,
    routes: routesOf(deps),
    envelope: novaEnvelope,
    microversions,
    requestIdHeader: 'x-compute-request-id',
    healthy: async () => {
      await deps.db.$queryRaw`select 1`
    },
  })
