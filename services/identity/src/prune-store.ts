import { firstIdAt } from '@caelum/kernel'
import type { AccountRules } from './account/rules.ts'
import type { PrismaClient } from './generated/client.ts'
import { lockOf } from './login/store.ts'

export interface PruneOptions {
  rules: AccountRules
  auditDays: number
}

/** rows at a time, so that no statement takes long; the next round takes the next */
const MOST = 20_000
const DAY_MS = 86_400_000

/** Forgets what is over: revocations, keys and memberships from outside whose tokens have ended, old failures of logins, old audit. */
export const pruneOn =
  (db: PrismaClient, { rules, auditDays }: PruneOptions) =>
  async (): Promise<number> => {
    const [failures, seconds] = lockOf(rules)
    const revocations = await db.$executeRaw`delete from revocations where expires_at < now()`
    const keys = await db.$executeRaw`delete from signing_keys where verifies_until < now()`
    const failed = await db.$executeRaw`
      delete from login_failures where last_at < now() - interval '1 day'
        and (failures < ${failures} or last_at < now() - ${seconds}::float8 * interval '1 second')`
    const audit = await db.$executeRaw`
      delete from audit where id in (
        select id from audit where id < ${firstIdAt(Date.now() - auditDays * DAY_MS)} order by id limit ${MOST})`
    const memberships = await db.$executeRaw`
      delete from outside_memberships where expires_at < now() - interval '1 day'`
    return revocations + keys + failed + audit + memberships
  }
