/** A process for tests: `waiter.ts URL PATIENCE_MS` waits for PostgreSQL and ends. */
import { createLogger } from '@caelum/kernel'
import { awaitDatabase } from '../src/await-database.ts'

const [url = '', patienceMs] = process.argv.slice(2)
await awaitDatabase({ url, log: createLogger('waiter', 'info'), patienceMs: Number(patienceMs) })
