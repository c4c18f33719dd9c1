import { readFileSync } from 'node:fs'
import { awaitDatabase } from '@caelum/db'
import { runService } from '@caelum/http'
import { createLogger } from '@caelum/kernel'
import type { Tls } from '@caelum/ovsdb'
import { openTrust, TokenVerifier } from '@caelum/token'
import { buildApp } from './app.ts'
import { type Config, readConfig } from './config.ts'
import { createDeps } from './deps.ts'

const tlsOf = (config: Config): { tls?: Tls } => {
  const { CAELUM_OVN_CA_FILE: ca, CAELUM_OVN_CERT_FILE: cert, CAELUM_OVN_KEY_FILE: key } = config
  if (!ca || !cert || !key) return {}
  const read = (file: string) => readFileSync(file, 'utf8')
  return { tls: { ca: read(ca), cert: read(cert), key: read(key) } }
}

const config = readConfig()
const log = createLogger('network', config.LOG_LEVEL)
const databaseUrl = config.DATABASE_URL.reveal()
await awaitDatabase({ url: databaseUrl, log })
const trust = await openTrust({ url: databaseUrl, log })
const deps = createDeps({
  databaseUrl,
  log,
  underlayMtu: config.CAELUM_UNDERLAY_MTU,
  ovn: { nb: config.CAELUM_OVN_NB, sb: config.CAELUM_OVN_SB, ...tlsOf(config) },
})
const app = buildApp(deps, {
  log,
  verifier: new TokenVerifier(trust),
  identityUrl: config.CAELUM_IDENTITY_URL,
})
deps.ovn.start()
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
