/**
 * Revocations, and the order that makes them safe.
 *
 * A token is a photograph of what its user may do. Whoever takes something away must also void the photographs that
 * show it, and no photograph may be taken in between. So:
 *
 * - Whoever issues a token holds TRUST_LOCK shared while reading the user's rights, and the token's time of issue is
 *   read under it (`LOCK_FOR_ISSUE`).
 * - Whoever takes rights away does so, then takes TRUST_LOCK exclusively and writes the revocation as the last thing
 *   of the same transaction (`transactOn`), timed under the lock.
 *
 * Either the issuer came first, and then its token is not newer than the revocation; or it came after the commit, and
 * sees the rights as they are now. The same lock makes revocations commit in the order of their ids, on which the
 * readers rely (packages/token/src/trust.ts). Rows are locked before it, never after: no deadlock.
 */
import { isTransient } from '@caelum/db'
import { subject } from '@caelum/token'
import { domainsBefore, recordChange } from '../audit/record.ts'
import type { Prisma, PrismaClient } from '../generated/client.ts'

/** What Prisma hands into an interactive transaction; a whole client fits too. */
export type Transaction = Prisma.TransactionClient

/** only has to differ from the other advisory locks of this database */
const TRUST_LOCK = 7_270_001

/** before the rights are read, in the same transaction */
export const LOCK_FOR_ISSUE = `select pg_advisory_xact_lock_shared(${TRUST_LOCK})`

/** Subjects to revoke, or how to find them once the lock is held. */
type Revoked = readonly string[] | ((tx: Transaction) => Promise<readonly string[]>)

/**
 * One transaction; the subjects it names are revoked as its last act, and known in this process when it returns. Who
 * asked for it is written down in it (`audit/record.ts`).
 */
export type Transact = <T>(work: (tx: Transaction) => Promise<{ value: T; revoked: Revoked }>) => Promise<T>

/** A deadlock or a lost serialisation is no answer to a client: PostgreSQL asks for another try. */
const TRIES = 3

/** @param committed called after a commit that revoked something */
export const transactOn =
  (db: PrismaClient, committed: () => Promise<void>): Transact =>
  async work => {
    for (let attempt = 1; ; attempt++) {
      try {
        const { value, count } = await db.$transaction(async tx => {
          const domains = await domainsBefore(tx)
          const { value, revoked } = await work(tx)
          const written = await recordChange(tx, value, domains)
          const count = await revoke(tx, revoked)
          if (!written && count > 0) await recordChange(tx, value, domains)
          return { value, count }
        })
        if (count > 0) await committed()
        return value
      } catch (error) {
        if (attempt >= TRIES || !isTransient(error)) throw error
      }
    }
  }

/** A row is kept until the longest-lived token of any key has ended. */
async function revoke(tx: Transaction, revoked: Revoked): Promise<number> {
  if (revoked.length === 0 && typeof revoked !== 'function') return 0
  await tx.$queryRaw`select pg_advisory_xact_lock(${TRUST_LOCK}::bigint)::text`
  const subjects = typeof revoked === 'function' ? await revoked(tx) : revoked
  if (subjects.length === 0) return 0
  await tx.$queryRaw`select pg_notify('trust', '')::text`
  return tx.$executeRaw`
    insert into revocations (subject, issued_until, expires_at)
    select subject, date_trunc('milliseconds', clock_timestamp()),
      clock_timestamp() + (select max(longest_token_s) from signing_keys) * interval '1 second'
    from unnest(${subjects}::text[]) as subject`
}

/** An assignment that is gone; one of `user_id` and `group_id` is set, and no target is the whole system. */
export interface Lost {
  user_id: string | null
  group_id: string | null
  target_id: string | null
  inherited: boolean
}

/**
 * Whose tokens show a role that these assignments gave: one subject for each user and target, members of groups and
 * projects below an inherited assignment included. To be called under the lock.
 */
export const subjectsLosing =
  (lost: readonly Lost[]) =>
  async (tx: Transaction): Promise<string[]> => {
    if (lost.length === 0) return []
    const rows = await tx.$queryRaw<{ user_id: string; id: string | null; is_domain: boolean | null }[]>`
      with recursive lost as (
        select coalesce(l.user_id, m.user_id) as user_id, l.target_id, l.inherited
        from jsonb_to_recordset(${JSON.stringify(lost)}::jsonb)
          as l (user_id text, group_id text, target_id text, inherited boolean)
        left join recent_memberships m on m.group_id = l.group_id
        where coalesce(l.user_id, m.user_id) is not null
      ), below (user_id, id) as (
        select lost.user_id, p.id from lost join projects p on p.parent_id = lost.target_id where lost.inherited
        union
        select below.user_id, p.id from below join projects p on p.parent_id = below.id
      )
      select user_id, target_id as id, is_domain from lost left join projects on projects.id = target_id
      where not inherited
      union
      select user_id, id, false from below`
    return rows.map(({ user_id, id, is_domain }) => {
      if (id === null) return subject.userInSystem(user_id)
      return is_domain ? subject.userInDomain(user_id, id) : subject.userInProject(user_id, id)
    })
  }
