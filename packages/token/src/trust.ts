/**
 * The trust every service keeps in memory: signing keys and revocations, read from two views that the identity
 * service publishes in the shared database (`identity.published_keys`, `identity.published_revocations`) — the one
 * place where a service reads what another owns (docs/decisions/0003).
 *
 * A NOTIFY on channel `trust` says "look"; a sweep twice a second looks anyway, so a lost notification costs half a
 * second and nothing else. Identity commits revocations in the order of their ids, so "newer than the last id I know"
 * misses none. After a restart everything is read again before the first request is served. If the database has not
 * answered for STALE_MS we vouch for nobody.
 */
import { createPublicKey, type KeyObject } from 'node:crypto'
import { type Gauge, type Logger, offerGauges } from '@caelum/kernel'
import pg from 'pg'
import type { Trust } from './verify.ts'

const SWEEP_MS = 500
const STALE_MS = 5_000

export interface OpenTrust extends Trust {
  /** looks now; for the identity service itself, which need not wait for its own notification */
  refresh(): Promise<void>
  close(): Promise<void>
}

interface KeyRow {
  kid: string
  public_key_pem: string
}
interface RevocationRow {
  id: string
  subject: string
  issued_until: Date
  expires_at: Date
}

/** @throws when the first reading fails; after that it keeps trying by itself */
export async function openTrust({ url, log }: { url: string; log: Logger }): Promise<OpenTrust> {
  const trust = new PostgresTrust(url, log)
  await trust.refresh()
  trust.start()
  return trust
}

class PostgresTrust implements OpenTrust {
  readonly #url: string
  readonly #log: Logger
  #client: pg.Client | undefined
  #keys = new Map<string, KeyObject>()
  readonly #revoked = new Map<string, { until: number; expires: number }>()
  #lastId = '0'
  #freshAt = 0
  #running: Promise<void> | undefined
  #next: Promise<void> | undefined
  #again = false
  #timer: NodeJS.Timeout | undefined
  #closed = false
  /** from the commit of the newest revocation until it was known here, seconds */
  #lagS = 0
  #withdraw: (() => void) | undefined

  constructor(url: string, log: Logger) {
    this.#url = url
    this.#log = log
  }

  keyOf(kid: string) {
    return this.#keys.get(kid)
  }
  revokedUntil(subject: string) {
    return this.#revoked.get(subject)?.until
  }
  isFresh() {
    return performance.now() - this.#freshAt < STALE_MS
  }

  start(): void {
    this.#withdraw = offerGauges(() => this.#gauges())
    this.#timer = setInterval(() => this.#look(), SWEEP_MS)
    this.#timer.unref()
  }

  async close(): Promise<void> {
    this.#closed = true
    this.#withdraw?.()
    clearInterval(this.#timer)
    await this.#running?.catch(() => undefined)
    await this.#client?.end().catch(() => undefined)
  }

  /** A look under way may have begun before the caller's commit, so another one follows it, for all who wait. */
  refresh(): Promise<void> {
    this.#next ??= this.#afterRunning()
    return this.#next
  }

  async #afterRunning(): Promise<void> {
    do await this.#running?.catch(() => undefined)
    while (this.#running)
    this.#next = undefined
    await this.#start()
  }

  #start(): Promise<void> {
    this.#again = false
    this.#running = this.#read().finally(() => {
      this.#running = undefined
      if (this.#again) this.#look()
    })
    return this.#running
  }

  #look(): void {
    if (this.#closed) return
    if (this.#running) {
      this.#again = true
      return
    }
    this.#start().catch(error =>
      this.#log.warn({ error: (error as Error).message }, 'revocations could not be read'),
    )
  }

  async #read(): Promise<void> {
    try {
      const client = await this.#connected()
      const begun = performance.now()
      const keys = await client.query<KeyRow>('select kid, public_key_pem from identity.published_keys')
      const news = await client.query<RevocationRow>(
        'select id, subject, issued_until, expires_at from identity.published_revocations where id > $1 order by id',
        [this.#lastId],
      )
      this.#keys = new Map(keys.rows.map(row => [row.kid, createPublicKey(row.public_key_pem)]))
      const started = this.#freshAt > 0
      for (const row of news.rows) this.#learn(row)
      const newest = news.rows.at(-1)
      if (newest && started) this.#lagS = Math.max(0, Date.now() - newest.issued_until.getTime()) / 1000
      this.#forgetExpired()
      this.#freshAt = begun
    } catch (error) {
      this.#drop()
      throw error
    }
  }

  #gauges(): Gauge[] {
    return [
      {
        name: 'caelum_revocation_lag_seconds',
        help: 'From when the newest revocation was made until this process knew of it',
        value: this.#lagS,
      },
      {
        name: 'caelum_trust_age_seconds',
        help: 'Since this process last looked for keys and revocations, with success',
        value: (performance.now() - this.#freshAt) / 1000,
      },
      {
        name: 'caelum_revocations',
        help: 'Revocations kept in memory',
        value: this.#revoked.size,
      },
    ]
  }

  #learn(row: RevocationRow): void {
    const known = this.#revoked.get(row.subject)
    this.#revoked.set(row.subject, {
      until: Math.max(known?.until ?? 0, row.issued_until.getTime()),
      expires: Math.max(known?.expires ?? 0, row.expires_at.getTime()),
    })
    this.#lastId = row.id
  }

  #forgetExpired(): void {
    const now = Date.now()
    for (const [subject, { expires }] of this.#revoked) if (expires < now) this.#revoked.delete(subject)
  }

  async #connected(): Promise<pg.Client> {
    if (this.#client) return this.#client
    const client = new pg.Client({
      connectionString: this.#url,
      connectionTimeoutMillis: 3_000,
      query_timeout: 3_000,
    })
    client.on('error', () => this.#drop(client))
    client.on('end', () => this.#drop(client))
    client.on('notification', () => this.#look())
    await client.connect()
    await client.query('listen trust')
    this.#client = client
    return client
  }

  #drop(which = this.#client): void {
    if (which === this.#client) this.#client = undefined
    which?.end().catch(() => undefined)
  }
}
