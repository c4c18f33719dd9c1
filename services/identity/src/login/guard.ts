/**
 * What keeps guessing of secrets slow, and what is remembered of it.
 *
 * Two counts, in rows (`store.ts`), so that every process counts into the same ones and none is lost with a process:
 *
 * - of an account, wrong guesses since the last login that worked. At `lockout_failure_attempts` the account is
 *   locked for `lockout_duration`. A wrong guess is counted before it is answered, and a right one counts only if the
 *   account is not locked in the same snapshot that the token is made from (`resources/token/account.ts`): of any
 *   number of guesses at once, no more are answered than may be. While it is locked nothing is counted further, so
 *   that guessing on does not lock it for ever. A name that nobody has is counted in the same way.
 * - of an account and of an address, wrong guesses within a minute. Beyond the limit the answer is 429 with
 *   Retry-After, before any work is done. A process learns of it from the answer of its own count, so N processes let
 *   N - 1 more guesses through than one would. A login that works costs nothing here.
 *
 * A user with `ignore_lockout_failure_attempts` is neither locked nor limited, for otherwise anybody could shut out
 * the services' own users; their passwords are long and random. Addresses of this machine itself are not limited.
 *
 * Equal time: a user and a name that nobody has go through the same statements. Dying anywhere loses at most a guess
 * that was not answered.
 */
import { createHash } from 'node:crypto'
import { isIPv6 } from 'node:net'
import { type Logger, Problem } from '@caelum/kernel'
import type { FastifyRequest } from 'fastify'
import { errors } from '../errors.ts'
import { Refusal, type Refused } from './refusal.ts'
import type { LoginStore } from './store.ts'

export interface GuardLimits {
  /** wrong guesses a minute, from one address */
  perAddress: number
  /** wrong guesses a minute, at one account */
  perAccount: number
}

/** Who asks, as far as the connection says. */
export interface Asker {
  address: string
  requestId: string
  /** e.g. `identity:tokens:issue` */
  operation: string
}

export const askerOf = (request: Pick<FastifyRequest, 'ip' | 'id' | 'operation'>): Asker => ({
  address: request.ip,
  requestId: request.id,
  operation: request.operation,
})

/** more are forgotten, oldest first: forgetting one lets it count again */
const MOST_BLOCKED = 10_000

export class LoginGuard {
  readonly #store: LoginStore
  readonly #limits: GuardLimits
  readonly #log: Logger
  /** key → ms since 1970 until when it is turned away */
  readonly #blocked = new Map<string, number>()

  constructor(store: LoginStore, limits: GuardLimits, log: Logger) {
    this.#store = store
    this.#limits = limits
    this.#log = log
  }

  /** @throws Refusal 429 when there were too many wrong guesses from this address */
  admit({ address }: Pick<Asker, 'address'>): void {
    this.#check(addressKey(address), null)
  }

  /**
   * @param account null: nobody is limited by it
   * @throws Refusal 429 when there were too many wrong guesses at this account
   */
  admitTo(account: string | null, userId: string | null): void {
    this.#check(account, userId)
  }

  isLocked(account: string): Promise<boolean> {
    return this.#store.isLocked(account)
  }

  /** To be awaited before the refusal is answered; anything else than a refusal is left alone. */
  async refused(asker: Asker, error: unknown): Promise<void> {
    const refused = refusedOf(error)
    if (!refused) return
    const address = addressKey(asker.address)
    const keys =
      refused.guessedAt === undefined ? [] : [refused.guessedAt, address].filter(key => key !== null)
    const counted = await this.#store.record({ ...asker, ...refused, keys })
    for (const { key, in_minute, left_ms } of counted)
      if (in_minute >= (key === address ? this.#limits.perAddress : this.#limits.perAccount))
        this.#block(key, Date.now() + left_ms)
  }

  /** After a login that worked: forgets what was counted until its facts were read. */
  async succeeded(userId: string, seen: { failures: number; last_at: string } | null): Promise<void> {
    if (seen) await this.#store.forgive(accountKey({ id: userId }), seen)
  }

  #check(key: string | null, userId: string | null): void {
    const until = key === null ? undefined : this.#blocked.get(key)
    const leftMs = (until ?? 0) - Date.now()
    if (leftMs > 0)
      throw new Refusal(
        { why: 'too-many-failures', userId },
        errors.tooManyFailures(Math.ceil(leftMs / 1000)),
      )
    if (key !== null && until !== undefined) this.#blocked.delete(key)
  }

  #block(key: string, until: number): void {
    const oldest = this.#blocked.size < MOST_BLOCKED ? undefined : this.#blocked.keys().next().value
    if (oldest !== undefined) this.#blocked.delete(oldest)
    if (!this.#blocked.has(key)) this.#log.warn({ key }, 'too many wrong guesses')
    this.#blocked.set(key, until)
  }
}

function refusedOf(error: unknown): Refused | null {
  if (error instanceof Refusal) return error.refused
  return error instanceof Problem && error.status === 401 ? { why: 'refused', userId: null } : null
}

/** Under which the guesses at an account are counted; a name that nobody has is one too, and not kept readable. */
export function accountKey(user: {
  id?: string | undefined
  name?: string | undefined
  domain?: { id?: string | undefined; name?: string | undefined } | undefined
}): string {
  if (user.id !== undefined) return `account:${user.id}`
  const named = JSON.stringify([user.name, user.domain?.id, user.domain?.name])
  return `nobody:${createHash('sha256').update(named).digest('hex').slice(0, 32)}`
}

/** Of an IPv6 address the network, since a customer has 2^64 of them. null: this machine itself. */
export function addressKey(address: string): string | null {
  const plain = address.replace(/^::ffff:(?=\d+\.)/, '')
  if (plain === '::1' || plain.startsWith('127.')) return null
  return `address:${isIPv6(plain) ? networkOf(plain) : plain}`
}

function networkOf(address: string): string {
  const [head = '', tail] = address.split('%')[0]?.split('::') ?? []
  const left = head.split(':').filter(Boolean)
  const right = tail?.split(':').filter(Boolean) ?? []
  const zeros = tail === undefined ? 0 : 8 - left.length - right.length
  const groups = [...left, ...Array<string>(Math.max(0, zeros)).fill('0'), ...right]
  return `${groups
    .slice(0, 4)
    .map(group => Number.parseInt(group, 16).toString(16))
    .join(':')}::/64`
}
