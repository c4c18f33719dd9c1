import { randomBytes } from 'node:crypto'
import { buildService, type Route, swiftEnvelope } from '@caelum/http'
import type { Clock, Logger } from '@caelum/kernel'
import type { TokenVerifier } from '@caelum/token'
import type { Deps } from './deps.ts'
import { policy } from './policy.ts'
import { accountRoutes } from './resources/account/routes.ts'
import { containerRoutes } from './resources/container/routes.ts'
import { infoRoutes } from './resources/info/routes.ts'
import { objectRoutes } from './resources/object/routes.ts'

export const routesOf = (deps: Deps): Route[] => [
  ...infoRoutes(deps.limits),
  ...accountRoutes(deps.accounts),
  ...containerRoutes(deps.containers, deps.objects),
  ...objectRoutes(deps.objects),
]

/** `X-Trans-Id`: tx, 21 hexadecimal digits, a dash, the time in ten (swift/common/utils, generate_trans_id). */
const transactionId = () =>
  `tx${randomBytes(11).toString('hex').slice(1)}-${Math.floor(Date.now() / 1_000)
    .toString(16)
    .padStart(10, '0')}`

export const buildApp = (
  deps: Deps,
  options: {
    log: Logger
    verifier: Pick<TokenVerifier, 'verify'>
    identityUrl: string
    clock?: Clock
  },
) =>
  buildService({
    name: 'object-storage',
    serviceType: 'object-store',
    ...options,
    policy,
    routes: routesOf(deps),
    envelope: swiftEnvelope,
    newRequestId: transactionId,
    requestIdHeader: 'x-trans-id',
    healthy: async () => {
      await deps.db.$queryRaw`select 1`
    },
  })
