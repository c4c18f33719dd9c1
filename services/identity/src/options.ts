import type { Logger } from '@caelum/kernel'
import { accountRulesOf, type Config, guardLimitsOf } from './config.ts'
import type { DepsOptions } from './deps.ts'
import { sealingOf } from './signing/key-file.ts'

/** What the configuration means, for the service and for the tools that do parts of its work by hand. */
export const optionsOf = (config: Config, log: Logger): DepsOptions => ({
  databaseUrl: config.DATABASE_URL.reveal(),
  sealing: sealingOf(config),
  tokenTtlS: config.CAELUM_TOKEN_TTL_S,
  accountRules: accountRulesOf(config),
  guardLimits: guardLimitsOf(config),
  auditDays: config.CAELUM_AUDIT_DAYS,
  hashConcurrency: config.CAELUM_HASH_CONCURRENCY,
  bootstrap: {
    region: config.CAELUM_REGION,
    adminPassword: config.CAELUM_ADMIN_PASSWORD,
    demoPassword: config.CAELUM_DEMO_PASSWORD,
    servicePasswords: config.CAELUM_SERVICE_PASSWORDS,
    catalog: config.CAELUM_CATALOG,
  },
  limitModel: config.CAELUM_LIMIT_MODEL,
  federation: {
    trustedDashboards: config.CAELUM_TRUSTED_DASHBOARDS,
    plainHttp: config.CAELUM_FEDERATION_PLAIN_HTTP,
  },
  log,
})
