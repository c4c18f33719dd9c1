import { buildService, glanceEnvelope, type Route } from '@caelum/http'
import type { Logger } from '@caelum/kernel'
import type { TokenVerifier } from '@caelum/token'
import type { Deps } from './deps.ts'
import { policy } from './policy.ts'
import { fileRoutes } from './resources/image/file-routes.ts'
import { imageRoutes } from './resources/image/routes.ts'
import { infoRoutes } from './resources/info/routes.ts'
import { memberRoutes } from './resources/member/routes.ts'
import { schemaRoutes } from './resources/schema/routes.ts'
import { tagRoutes } from './resources/tag/routes.ts'
import { versionRoutes } from './versions.ts'

export const routesOf = (deps: Deps): Route[] => [
  ...versionRoutes,
  ...schemaRoutes,
  ...infoRoutes(deps.images),
  ...imageRoutes(deps.images),
  ...fileRoutes(deps.files),
  ...memberRoutes(deps.members),
  ...tagRoutes(deps.images),
]

export const buildApp = (
  deps: Deps,
  options: { log: Logger; verifier: Pick<TokenVerifier, 'verify'>; identityUrl: string },
) =>
  buildService({
    name: 'image',
    ...options,
    policy,
    routes: routesOf(deps),
    envelope: glanceEnvelope,
    strictSlash: true,
    healthy: async () => {
      await deps.db.$queryRaw`select 1`
    },
  })
