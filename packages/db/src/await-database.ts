import { setTimeout as sleep } from 'node:timers/promises'
import type { Logger } from '@caelum/kernel'
import pg from 'pg'

const RETRY_MS = 250

/**
 * For the start of a service: returns when PostgreSQL answers. While it does not, one line says why, and another one
 * whenever the reason changes; what never answers ends the process, with status 1 and one line.
 */
export async function awaitDatabase(options: {
  url: string
  log: Logger
  patienceMs?: number
}): Promise<void> {
  const { url, log, patienceMs = 60_000 } = options
  const begun = performance.now()
  const waitedS = () => Math.round((performance.now() - begun) / 1000)
  let told = ''
  for (;;) {
    const reason = await refusal(url)
    if (reason === null) {
      if (told) log.info({ waited_s: waitedS() }, 'PostgreSQL answers')
      return
    }
    if (performance.now() - begun > patienceMs) {
      log.fatal({ reason, waited_s: waitedS() }, 'PostgreSQL does not answer: giving up')
      process.exit(1)
    }
    if (reason !== told) log.warn({ reason, patience_s: patienceMs / 1000 }, 'waiting for PostgreSQL')
    told = reason
    await sleep(RETRY_MS)
  }
}

/** Why it does not answer; null: it does. */
async function refusal(url: string): Promise<string | null> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 5_000 })
  // an error after the connection is lost has no other listener and would end the process
  client.on('error', () => undefined)
  try {
    await client.connect()
    await client.query('select 1')
    return null
  } catch (error) {
    const { message, code } = error as Error & { code?: string }
    return message || code || String(error)
  } finally {
    await client.end().catch(() => undefined)
  }
}
