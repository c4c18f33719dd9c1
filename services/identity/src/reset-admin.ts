/**
 * The way back in for whoever runs the cloud, in the environment of the service and while it runs: user `admin` is
 * enabled, unlocked and without options (a second factor, an expired password), has its roles again, and the configured
 * password when that is another than the last time. Its tokens end.
 */
import { createLogger } from '@caelum/kernel'
import { bootstrapStore } from './bootstrap/store.ts'
import { DEFAULT_DOMAIN } from './collection.ts'
import { readConfig } from './config.ts'
import { createDeps } from './deps.ts'
import { optionsOf } from './options.ts'

const config = readConfig()
const log = createLogger('identity', config.LOG_LEVEL)
const deps = await createDeps(optionsOf(config, log))
await bootstrapStore(deps.db, deps.transact).restoreUser(DEFAULT_DOMAIN, 'admin')
await deps.close()
log.info('user admin can log in with the configured password')
