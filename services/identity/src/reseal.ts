/**
 * Another key-encryption key, by hand and while the service runs, in the environment of the service:
 *
 *   node services/identity/src/reseal.ts --new-key      a new key in the data folder, and everything sealed with it
 *   node services/identity/src/reseal.ts                everything sealed with the newest key
 *   node services/identity/src/reseal.ts --forget-old   the same, and the older keys are gone from the data folder
 */
import { createLogger } from '@caelum/kernel'
import { readConfig } from './config.ts'
import { openSealed } from './deps.ts'
import { addKey, forgetOldKeys, sealingOf } from './signing/key-file.ts'
import { resealAll } from './signing/reseal.ts'

const config = readConfig()
const log = createLogger('identity', config.LOG_LEVEL)
const [newKey, forgetOld] = ['--new-key', '--forget-old'].map(flag => process.argv.includes(flag))
if (config.CAELUM_KEY_ENCRYPTION_KEY && (newKey || forgetOld))
  throw new Error('the key is in CAELUM_KEY_ENCRYPTION_KEY: change it there, the new one first')
if (newKey) addKey(config.CAELUM_DATA_DIR)
const { tables, close } = openSealed({ databaseUrl: config.DATABASE_URL.reveal(), log })
const { resealed, lost } = await resealAll(sealingOf(config), tables)
await close()
if (lost.length > 0) {
  log.error({ resealed, lost }, 'no key opens these; no key was forgotten')
  process.exitCode = 1
} else {
  if (forgetOld) forgetOldKeys(config.CAELUM_DATA_DIR)
  log.info({ resealed }, 'everything is sealed with the newest key')
}
