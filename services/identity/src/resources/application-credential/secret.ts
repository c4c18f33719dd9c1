/**
 * The secrets of application credentials, and how they are kept.
 *
 * A secret that we make has 512 random bits. Nobody guesses it, however fast guessing is: a slow hash would protect
 * nothing and cost 10 ms at every login of a program, and programs log in all the time. It is kept as plain SHA-256.
 * A secret that a user has chosen may be as weak as a password, and is kept as one, argon2id in the bounded pool.
 *
 * How long a refusal takes must not tell whether there is such a credential: every refusal costs one argon2id, only
 * the right secret of the first kind is quick.
 */
import { createHash, randomBytes, timingSafeEqual } from 'node:crypto'
import type { PasswordHasher } from '../../password/hasher.ts'

const QUICK = 'sha256:'
const digest = (secret: string) => `${QUICK}${createHash('sha256').update(secret).digest('base64url')}`

/** @returns the secret for its owner's eyes, and what is kept of it */
export async function keepSecret(
  chosen: string | null | undefined,
  hasher: PasswordHasher,
): Promise<{ secret: string; hash: string }> {
  if (chosen) return { secret: chosen, hash: await hasher.hash(chosen) }
  const secret = randomBytes(64).toString('base64url')
  return { secret, hash: digest(secret) }
}

/** @param hash null: there is no such credential */
export async function isSecret(
  secret: string,
  hash: string | null,
  hasher: PasswordHasher,
): Promise<boolean> {
  if (!hash?.startsWith(QUICK)) return hasher.verify(secret, hash)
  if (timingSafeEqual(Buffer.from(digest(secret)), Buffer.from(hash))) return true
  return hasher.verify(secret, null)
}
