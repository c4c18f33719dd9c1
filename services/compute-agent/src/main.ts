/**
 * The agent process of one host. SIGTERM or SIGINT: stop cleanly, guests run on. Exit codes: 0 stopped, 1 failed,
 * 3 superseded: a newer agent owns this host, and this one is not to be started again.
 */
import { createLogger } from '@caelum/kernel'
import { runAgent } from './agent.ts'
import { openComputeApi } from './compute-api/client.ts'
import { readConfig } from './config.ts'
import { createHost } from './host.ts'
import { Directory } from './metadata/directory.ts'

const SUPERSEDED = 3
/** how long steps under way may take to finish after a signal, ms */
const MAX_STOP_MS = 20_000

const config = readConfig()
const log = createLogger('compute-agent', config.LOG_LEVEL)
const api = openComputeApi(config.CAELUM_COMPUTE_AGENT_URL, {
  ca: config.CAELUM_AGENT_CA_FILE,
  cert: config.CAELUM_AGENT_CERT_FILE,
  key: config.CAELUM_AGENT_KEY_FILE,
})
const stop = new AbortController()
const onSignal = (signal: string) => {
  if (stop.signal.aborted) process.exit(1)
  log.info({ signal }, 'stopping')
  stop.abort()
  setTimeout(() => process.exit(1), MAX_STOP_MS).unref()
}
process.on('SIGTERM', onSignal)
process.on('SIGINT', onSignal)

const directory = new Directory()
const { driver, network } = createHost(config, directory, log)
const end = await runAgent(
  {
    api,
    driver,
    network,
    directory,
    log,
    host: { name: config.CAELUM_HOST_NAME, ip: config.CAELUM_HOST_IP },
    data_dir: config.CAELUM_DATA_DIR,
    image_cache_bytes: config.CAELUM_IMAGE_CACHE_MB * 1_048_576,
    grace_ms: config.CAELUM_GUEST_GRACE_S * 1_000,
    concurrency: config.CAELUM_AGENT_CONCURRENCY,
  },
  stop.signal,
)
if (end === 'superseded') log.error('a newer agent owns this host; this one stops')
process.exit(end === 'superseded' ? SUPERSEDED : 0)
