/**
 * A new signing key, by hand: `node services/identity/src/rotate-keys.ts [--now]`, in the environment of the service.
 * With `--now` it signs at once: the way out when the key-encryption key is lost.
 */
import { createLogger } from '@caelum/kernel'
import { readConfig } from './config.ts'
import { openKeys } from './deps.ts'
import { sealingOf } from './signing/key-file.ts'

const config = readConfig()
const log = createLogger('identity', config.LOG_LEVEL)
const { keys, close } = openKeys({
  databaseUrl: config.DATABASE_URL.reveal(),
  sealing: sealingOf(config),
  tokenTtlS: config.CAELUM_TOKEN_TTL_S,
  log,
})
const outcome = await keys.rotate({ now: process.argv.includes('--now') })
await close()
log.info({ outcome }, outcome === 'added' ? 'a new signing key is published' : 'another process was faster')
