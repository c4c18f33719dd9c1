import { buildService, keystoneEnvelope, type Route } from '@caelum/http'
import type { Logger } from '@caelum/kernel'
import type { Deps } from './deps.ts'
import { policy } from './policy.ts'
import { tokenRoutes } from './resources/token/routes.ts'
import { versionRoutes } from './versions.ts'

export const routesOf = (deps: Deps): Route[] => [...versionRoutes, ...tokenRoutes(deps.tokens, deps.catalog)]

export const buildApp = (deps: Deps, options: { log: Logger; identityUrl: string }) =>
  buildService({
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
