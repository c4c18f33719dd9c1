import { readFileSync } from 'node:fs'
import { imageClient, networkClient, openSession } from '@caelum/clients'
import { awaitDatabase } from '@caelum/db'
import { runService } from '@caelum/http'
import { createLogger } from '@caelum/kernel'
import { openTrust, TokenVerifier } from '@caelum/token'
import { buildAgentApi } from './agent-api/app.ts'
import { buildApp } from './app.ts'
import { type Config, readConfig } from './config.ts'
import { createDeps, type Deps } from './deps.ts'

const config = readConfig()
const log = createLogger('compute', config.LOG_LEVEL)
const databaseUrl = config.DATABASE_URL.reveal()
await awaitDatabase({ url: databaseUrl, log })
const trust = await openTrust({ url: databaseUrl, log })
const session = openSession({
  identityUrl: config.CAELUM_IDENTITY_URL,
  username: 'compute',
  password: config.CAELUM_SERVICE_PASSWORD,
  region: config.CAELUM_REGION,
  log,
})
const deps = createDeps({
  databaseUrl,
  redisUrl: config.REDIS_URL,
  log,
  images: imageClient(session),
  network: networkClient(session),
  rules: {
    cpuAllocationRatio: config.CAELUM_CPU_ALLOCATION_RATIO,
    reservedRamMb: config.CAELUM_RESERVED_RAM_MB,
    downAfterMs: config.CAELUM_HOST_DOWN_S * 1000,
  },
})
const app = buildApp(deps, {
  log,
  verifier: new TokenVerifier(trust),
  identityUrl: config.CAELUM_IDENTITY_URL,
})
const agentApi = await listenForAgents(deps, config)
const loop = deps.startReconciler()
const upkeep = deps.startUpkeep()
await runService({
  app,
  listen: config.CAELUM_LISTEN,
  metricsListen: config.CAELUM_METRICS_LISTEN,
  log,
  stopping: () => deps.wakeups.end(),
  close: async () => {
    await agentApi?.close()
    await Promise.all([loop.close(), upkeep.stop()])
    await deps.close()
    await session.close()
    await trust.close()
  },
})

async function listenForAgents(deps: Deps, config: Config) {
  const {
    CAELUM_AGENT_LISTEN: listen,
    CAELUM_AGENT_KEY_FILE: key,
    CAELUM_AGENT_CERT_FILE: cert,
    CAELUM_AGENT_CA_FILE: ca,
  } = config
  if (!listen) return undefined
  if (!key || !cert || !ca)
    throw new Error(
      'CAELUM_AGENT_LISTEN needs CAELUM_AGENT_KEY_FILE, CAELUM_AGENT_CERT_FILE and CAELUM_AGENT_CA_FILE',
    )
  const api = buildAgentApi(
    { ...deps, log },
    { key: readFileSync(key), cert: readFileSync(cert), ca: readFileSync(ca) },
  )
  await api.listen({ host: listen.host, port: listen.port })
  return api
}
