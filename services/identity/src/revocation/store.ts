/**
 * Revocations, and the order that makes them safe.
 *
 * A token is a photograph of what its user may do. Whoever takes something away must also void the photographs that
 * show it, and no photograph may be taken in between. So:
 *
 * - Whoever issues a token holds TRUST_LOCK shared while reading the user's rights, and the token's time of issue is
 *   read under it (`lockForIssue`).
 * - Whoever takes rights away does so, then takes TRUST_LOCK exclusively and writes the revocation as the last thing
 *   of the same transaction (`transactOn`), timed under the lock.
 *
 * Either the issuer came first, and then its token is not newer than the revocation; or it came after the commit, and
 * sees the rights as they are now. The same lock makes revocations commit in the order of their ids, on which the
 * readers rely (packages/token/src/trust.ts). Rows are locked before it, never after: no deadlock.
 */
import { Prisma, type PrismaClient } from '../generated/client.ts'

/** What Prisma hands into an interactive transaction; a whole client fits too. */
export type Transaction = Prisma.TransactionClient

/** only has to differ from the other advisory locks of this database */
const TRUST_LOCK = 7_270_001

export const lockForIssue = Prisma.sql`select pg_advisory_xact_lock_shared(${TRUST_LOCK}::bigint)::text`

/** One transaction; the subjects it names are revoked as its last act, and known in this process when it returns. */
export type Transact = <T>(
  work: (tx: Transaction) => Promise<{ value: T; revoked: readonly string[] }>,
) => Promise<T>

/** @param committed called after a commit that revoked something */
export const transactOn =
  (db: PrismaClient, committed: () => Promise<void>): Transact =>
  async work => {
    const { value, revoked } = await db.$transaction(async tx => {
      const done = await work(tx)
      await revoke(tx, done.revoked)
      return done
    })
    if (revoked.length > 0) await committed()
    return value
  }

/** The row is kept until the longest-lived token of any key has ended. */
async function revoke(tx: Transaction, subjects: readonly string[]): Promise<void> {
  if (subjects.length === 0) return
  await tx.$queryRaw`select pg_advisory_xact_lock(${TRUST_LOCK}::bigint)::text`
  await tx.$executeRaw`
    insert into revocations (subject, issued_until, expires_at)
    select subject, date_trunc('milliseconds', clock_timestamp()),
      clock_timestamp() + (select max(longest_token_s) from signing_keys) * interval '1 second'
    from unnest(${subjects}::text[]) as subject`
  await tx.$queryRaw`select pg_notify('trust', '')::text`
}

/** Forgets revocations whose tokens have all ended, and keys whose tokens have. */
export async function prune(tx: Transaction): Promise<number> {
  const revocations = await tx.$executeRaw`delete from revocations where expires_at < now()`
  const keys = await tx.$executeRaw`delete from signing_keys where verifies_until < now()`
  return revocations + keys
}
