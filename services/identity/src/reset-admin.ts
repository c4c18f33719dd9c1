/**
 * The way back in for whoever runs the cloud, in the environment of the service and while it runs: user `admin` is
 * enabled, unlocked and asked for nothing but a password, has its roles again, and the configured password when that is
 * another than the last time. Its tokens end.
 */
import { createLogger } from '@caelum/kernel'
import { NEVER_SHUT_OUT } from './bootstrap/bootstrap.ts'
import { bootstrapStore } from './bootstrap/store.ts'
import { DEFAULT_DOMAIN } from './collection.ts'
import { readConfig } from './config.ts'
import { createDeps } from './deps.ts'
import { optionsOf } from './options.ts'

const config = readConfig()
const log = createLogger('identity', config.LOG_LEVEL)
const deps = await createDeps(optionsOf(config, log))
await bootstrapStore(deps.db, deps.transact).restoreUser(DEFAULT_DOMAIN, 'admin', { ...NEVER_SHUT_OUT })
await deps.close()
log.info('user admin can log in with the configured password')
