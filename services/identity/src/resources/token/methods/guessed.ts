import { accountKey } from '../../../login/guard.ts'
import type { Credentials, UserRef } from '../store.ts'

/** Whose wrong guesses are counted; null: nobody's, since this user is exempt. */
export const accountOf = (asked: UserRef, found: Credentials | null): string | null =>
  found?.options.ignore_lockout_failure_attempts ? null : accountKey(found ? { id: found.user_id } : asked)
