import { awaitDatabase } from '@caelum/db'
import { runService } from '@caelum/http'
import { createLogger } from '@caelum/kernel'
import { openTrust, TokenVerifier } from '@caelum/token'
import { buildApp } from './app.ts'
import { limitsOf, readConfig } from './config.ts'
import { createDeps } from './deps.ts'

const config = readConfig()
const log = createLogger('image', config.LOG_LEVEL)
const databaseUrl = config.DATABASE_URL.reveal()
await awaitDatabase({ url: databaseUrl, log })
const trust = await openTrust({ url: databaseUrl, log })
const deps = await createDeps({
  databaseUrl,
  dataDir: config.CAELUM_DATA_DIR,
  limits: limitsOf(config),
  log,
})
const app = buildApp(deps, {
  log,
  verifier: new TokenVerifier(trust),
  identityUrl: config.CAELUM_IDENTITY_URL,
})
await runService({
  app,
  listen: config.CAELUM_LISTEN,
  metricsListen: config.CAELUM_METRICS_LISTEN,
  log,
  close: async () => {
    await deps.close()
    await trust.close()
  },
})
