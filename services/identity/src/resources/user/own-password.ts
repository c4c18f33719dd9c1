/**
 * A user's own change of password: whoever knows the old one may, token or not, expired or not
 * (keystone/identity/core.py, change_password). Guesses at the old one count as guesses at a login do.
 */
import type { Ctx } from '@caelum/kernel'
import {
  type AccountRules,
  daysUntilChange,
  isInactive,
  isStrong,
  passwordExpiresAt,
  type UserOptions,
} from '../../account/rules.ts'
import { errors } from '../../errors.ts'
import { type Asker, accountKey, type LoginGuard } from '../../login/guard.ts'
import { Refusal, refuse, type Why } from '../../login/refusal.ts'
import type { PasswordHasher } from '../../password/hasher.ts'
import type { ChangePassword } from './schema.ts'
import type { UserStore } from './store.ts'

interface Dependencies {
  store: Pick<UserStore, 'account' | 'changePassword'>
  hasher: PasswordHasher
  guard: LoginGuard
  rules: AccountRules
}

type Account = NonNullable<Awaited<ReturnType<UserStore['account']>>>

export const ownPassword = ({ store, hasher, guard, rules }: Dependencies) => {
  async function change(ctx: Ctx, id: string, { original_password, password }: ChangePassword) {
    const account = await store.account(id)
    if (account?.source === 'directory') throw errors.readOnlyDirectory()
    const options = (account?.options ?? {}) as UserOptions
    const key = options.ignore_lockout_failure_attempts ? null : accountKey({ id })
    guard.admitTo(key, account?.id ?? null)
    const [current] = account?.passwords.filter(it => it.replaced_at === null) ?? []
    const right = await hasher.verify(original_password, current?.hash ?? null)
    if (!account || !current || !right) throw wrong('wrong-secret', account?.id ?? null, key)
    if (key !== null && (await guard.isLocked(key))) throw wrong('account-locked', id)
    if (!isEnabled(ctx, account)) throw wrong('account-disabled', id)
    await check(ctx, account, password)
    const at = ctx.clock.now()
    const outcome = await store.changePassword(id, current.id, {
      hash: await hasher.hash(password),
      self_service: true,
      expires_at: passwordExpiresAt(rules, options, { chosenBy: 'user', at }),
      keep: rules.unique_last_password_count,
    })
    if (outcome === 'lost-race') throw wrong('refused', id)
  }

  function isEnabled(ctx: Ctx, { enabled, domain, options, last_active_on, created_at }: Account): boolean {
    const times = { lastActiveOn: last_active_on, createdAt: created_at, now: ctx.clock.now() }
    return enabled && domain.enabled && !isInactive(rules, options as UserOptions, times)
  }

  /** @throws Problem 400 that says which rule forbids the new password */
  async function check(ctx: Ctx, { options, passwords }: Account, password: string): Promise<void> {
    if (!isStrong(rules, password)) throw errors.weakPassword(rules.password_regex_description)
    if ((options as UserOptions).lock_password) throw errors.passwordLocked()
    const [current] = passwords
    const days = current ? daysUntilChange(rules, current, ctx.clock.now()) : 0
    if (days > 0) throw errors.passwordTooYoung(rules.minimum_password_age, days)
    for (const { hash } of passwords.slice(0, rules.unique_last_password_count))
      if (await hasher.verify(password, hash))
        throw errors.passwordUsedBefore(rules.unique_last_password_count)
  }

  return {
    /** @throws Problem 401 when the old password is wrong, or nobody may log in with it; 400 for a rule; 429 */
    async change(ctx: Ctx, asker: Asker, id: string, body: ChangePassword): Promise<void> {
      guard.admit(asker)
      try {
        await change(ctx, id, body)
      } catch (error) {
        await guard.refused(asker, error)
        throw error
      }
    },
  }
}

export type OwnPassword = ReturnType<typeof ownPassword>

const wrong = (why: Why, userId: string | null, guessedAt?: string | null): Refusal =>
  new Refusal(refuse(why, userId, guessedAt).refused, errors.wrongPassword())
