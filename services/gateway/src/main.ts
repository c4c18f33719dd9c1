import { createLogger } from '@caelum/kernel'
import { createGateway } from './app.ts'
import { readConfig } from './config.ts'

const config = readConfig()
const log = createLogger('gateway', config.LOG_LEVEL)
const gateway = createGateway(config.CAELUM_UPSTREAMS, { log, trustProxy: config.CAELUM_TRUST_PROXY })
for (const signal of ['SIGTERM', 'SIGINT'] as const)
  process.once(signal, () => {
    gateway.close()
    gateway.closeIdleConnections()
  })
gateway.listen(config.CAELUM_LISTEN, () => log.info({ listen: gateway.address() }, 'the gateway is up'))
