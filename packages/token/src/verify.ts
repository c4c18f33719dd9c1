/**
 * Every service checks tokens by itself: signature, audience, lifetime, then revocation, all from memory. Asking
 * the identity service would make it the bottleneck and the single point of failure of every request.
 *
 * A verified token is remembered by the SHA-256 of its text, so that the signature is computed once per token and
 * process; lifetime and revocation are looked at every time.
 */
import { createHash, type KeyObject } from 'node:crypto'
import { problems } from '@caelum/kernel'
import jwt from 'jsonwebtoken'
import { Claims, issuedAtMs, subjectsOf } from './claims.ts'
import { AUDIENCE } from './sign.ts'

/** What a verifier knows of the world; see `openTrust` for the one over PostgreSQL. */
export interface Trust {
  /** undefined: no such key, or not any more */
  keyOf(kid: string): KeyObject | undefined
  /** ms since 1970: tokens of this subject issued until then are void; undefined: not revoked */
  revokedUntil(subject: string): number | undefined
  /** false: too long out of touch with the database to vouch for anything */
  isFresh(): boolean
}

const CACHE_SIZE = 20_000
/** characters; what proxies and servers let through as one header */
export const LONGEST_TOKEN = 8_192
/** a token from further ahead than clocks differ was not issued by us; revoking "until now" would not reach it */
const CLOCK_SKEW_MS = 30_000
const INVALID = 'The request you have made requires authentication.'

interface Verified {
  kid: string
  claims: Claims
  subjects: string[]
}

export class TokenVerifier {
  readonly #trust: Trust
  readonly #seen = new Map<string, Verified>()

  constructor(trust: Trust) {
    this.#trust = trust
  }

  /**
   * @throws Problem 401 for anything but a good token, always with the same words
   * @throws Problem 503 when revocations cannot be known
   */
  verify(token: string, now = Date.now()): Claims {
    if (!this.#trust.isFresh())
      throw problems.unavailable('Tokens cannot be checked: the database has not answered for some seconds.')
    if (token.length > LONGEST_TOKEN) throw problems.unauthorized(INVALID)
    const digest = createHash('sha256').update(token).digest('base64')
    const { kid, claims, subjects } = this.#seen.get(digest) ?? this.#remember(digest, this.#check(token))
    const issuedAt = issuedAtMs(claims)
    if (!this.#trust.keyOf(kid)) throw problems.unauthorized(INVALID)
    if (claims.exp * 1000 <= now || issuedAt > now + CLOCK_SKEW_MS) throw problems.unauthorized(INVALID)
    for (const subject of subjects) {
      const until = this.#trust.revokedUntil(subject)
      if (until !== undefined && issuedAt <= until) throw problems.unauthorized(INVALID)
    }
    return claims
  }

  #check(token: string): Verified {
    const kid = kidOf(token)
    const key = kid === undefined ? undefined : this.#trust.keyOf(kid)
    if (kid === undefined || !key) throw problems.unauthorized(INVALID)
    const parsed = Claims.safeParse(bodyOf(token, key))
    if (!parsed.success) throw problems.unauthorized(INVALID)
    return { kid, claims: parsed.data, subjects: subjectsOf(parsed.data) }
  }

  #remember(digest: string, entry: Verified): Verified {
    const oldest = this.#seen.size < CACHE_SIZE ? undefined : this.#seen.keys().next().value
    if (oldest !== undefined) this.#seen.delete(oldest)
    this.#seen.set(digest, entry)
    return entry
  }
}

/** The header is not to be believed yet; all it does is choose among the keys we trust. */
function kidOf(token: string): string | undefined {
  try {
    const kid: unknown = jwt.decode(token, { complete: true })?.header.kid
    return typeof kid === 'string' ? kid : undefined
  } catch {
    return undefined
  }
}

/** Lifetime is looked at by `verify`, every time, and not here. */
function bodyOf(token: string, key: KeyObject): unknown {
  try {
    return jwt.verify(token, key, { algorithms: ['ES256'], audience: AUDIENCE, ignoreExpiration: true })
  } catch {
    throw problems.unauthorized(INVALID)
  }
}
