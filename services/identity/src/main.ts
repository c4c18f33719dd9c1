import { awaitDatabase } from '@caelum/db'
import { runService } from '@caelum/http'
import { createLogger } from '@caelum/kernel'
import { buildApp } from './app.ts'
import { readConfig } from './config.ts'
import { createDeps } from './deps.ts'
import { optionsOf } from './options.ts'
import { startUpkeep } from './upkeep.ts'

const config = readConfig()
const log = createLogger('identity', config.LOG_LEVEL)
await awaitDatabase({ url: config.DATABASE_URL.reveal(), log })
const deps = await createDeps(optionsOf(config, log))
const upkeep = startUpkeep({
  prune: deps.prune,
  keys: deps.keys,
  signingKeyDays: config.CAELUM_SIGNING_KEY_DAYS,
  log,
})
await runService({
  app: buildApp(deps, {
    log,
    identityUrl: `${config.CAELUM_PUBLIC_URL.replace(/\/(v3\/?)?$/, '')}/v3`,
    trustedProxies: config.CAELUM_TRUSTED_PROXIES,
  }),
  listen: config.CAELUM_LISTEN,
  metricsListen: config.CAELUM_METRICS_LISTEN,
  log,
  close: async () => {
    await upkeep.stop()
    await deps.close()
  },
})
