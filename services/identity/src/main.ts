import { runService } from '@caelum/http'
import { createLogger } from '@caelum/kernel'
import { buildApp } from './app.ts'
import { accountRulesOf, guardLimitsOf, readConfig } from './config.ts'
import { createDeps } from './deps.ts'
import { sealingOf } from './signing/key-file.ts'
import { startUpkeep } from './upkeep.ts'

const config = readConfig()
const log = createLogger('identity', config.LOG_LEVEL)
const deps = await createDeps({
  databaseUrl: config.DATABASE_URL.reveal(),
  sealing: sealingOf(config),
  tokenTtlS: config.CAELUM_TOKEN_TTL_S,
  accountRules: accountRulesOf(config),
  guardLimits: guardLimitsOf(config),
  hashConcurrency: config.CAELUM_HASH_CONCURRENCY,
  bootstrap: {
    region: config.CAELUM_REGION,
    adminPassword: config.CAELUM_ADMIN_PASSWORD,
    demoPassword: config.CAELUM_DEMO_PASSWORD,
    servicePasswords: config.CAELUM_SERVICE_PASSWORDS,
    catalog: config.CAELUM_CATALOG,
  },
  limitModel: config.CAELUM_LIMIT_MODEL,
  log,
})
const upkeep = startUpkeep({
  prune: deps.prune,
  keys: deps.keys,
  signingKeyDays: config.CAELUM_SIGNING_KEY_DAYS,
  log,
})
await runService({
  app: buildApp(deps, { log, identityUrl: `${config.CAELUM_PUBLIC_URL.replace(/\/(v3\/?)?$/, '')}/v3` }),
  listen: config.CAELUM_LISTEN,
  metricsListen: config.CAELUM_METRICS_LISTEN,
  log,
  close: async () => {
    await upkeep.stop()
    await deps.close()
  },
})
