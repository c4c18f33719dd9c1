/**
 * What every start of the service does first, by hand and while it runs, in the environment of the service: what is
 * missing is made, and a password or URL of the configuration is applied when it is another than the last time.
 */
import { createLogger } from '@caelum/kernel'
import { readConfig } from './config.ts'
import { createDeps } from './deps.ts'
import { optionsOf } from './options.ts'

const config = readConfig()
const log = createLogger('identity', config.LOG_LEVEL)
const deps = await createDeps(optionsOf(config, log))
await deps.close()
log.info('the administrator, the roles, the services’ users and the catalog are there')
