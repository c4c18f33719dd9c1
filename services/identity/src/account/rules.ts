/**
 * What an account is held to: `[security_compliance]` of keystone.conf under its own names
 * (keystone/conf/security_compliance.py), and what follows from it.
 */

export interface AccountRules {
  /** wrong guesses until the account is locked; null: it never is */
  lockout_failure_attempts: number | null
  /** seconds; null: until an administrator enables it */
  lockout_duration: number | null
  password_expires_days: number | null
  /** passwords, the one that counts included, that a new one must differ from */
  unique_last_password_count: number
  /** days a password chosen by the user must be kept */
  minimum_password_age: number
  password_regex: RegExp | null
  password_regex_description: string
  /** a password set by an administrator is to be changed before it is good for anything */
  change_password_upon_first_use: boolean
  disable_user_account_days_inactive: number | null
}

/** keystone/identity/backends/resource_options.py; what is not there was never given. */
export interface UserOptions {
  ignore_change_password_upon_first_use?: boolean
  ignore_password_expiry?: boolean
  ignore_lockout_failure_attempts?: boolean
  ignore_user_inactivity?: boolean
  lock_password?: boolean
  multi_factor_auth_enabled?: boolean
  multi_factor_auth_rules?: string[][]
}

const DAY_MS = 86_400_000

export function passwordExpiresAt(
  rules: AccountRules,
  options: UserOptions,
  { chosenBy, at }: { chosenBy: 'user' | 'administrator'; at: Date },
): Date | null {
  const first = rules.change_password_upon_first_use && !options.ignore_change_password_upon_first_use
  if (first && chosenBy === 'administrator') return at
  if (rules.password_expires_days === null || options.ignore_password_expiry) return null
  const end = at.getTime() + rules.password_expires_days * DAY_MS
  return new Date(Math.floor(end / 1000) * 1000)
}

export const isExpired = (expiresAt: Date | null, options: UserOptions, now: Date): boolean =>
  expiresAt !== null && !options.ignore_password_expiry && expiresAt <= now

/** keystone/identity/backends/sql_model.py, User.enabled: days are counted in UTC. */
export function isInactive(
  rules: AccountRules,
  options: UserOptions,
  { lastActiveOn, createdAt, now }: { lastActiveOn: Date | null; createdAt: Date; now: Date },
): boolean {
  if (rules.disable_user_account_days_inactive === null || options.ignore_user_inactivity) return false
  const day = (at: Date) => Math.floor(at.getTime() / DAY_MS)
  return day(now) - day(lastActiveOn ?? createdAt) >= rules.disable_user_account_days_inactive
}

export const isStrong = (rules: AccountRules, password: string): boolean =>
  rules.password_regex === null || rules.password_regex.test(password)

/** Whole days until the password may be changed again; 0: now. */
export function daysUntilChange(
  rules: AccountRules,
  password: { self_service: boolean; created_at: Date },
  now: Date,
): number {
  if (!password.self_service) return 0
  const left = password.created_at.getTime() + rules.minimum_password_age * DAY_MS - now.getTime()
  return Math.max(0, Math.ceil(left / DAY_MS))
}

/**
 * The sets of methods of which one must be complete, or null when these methods will do. Rules that name only methods
 * that there are not count as none, so that nobody is locked out by them (keystone/auth/core.py,
 * UserMFARulesValidator).
 */
export function missingMethods(
  { multi_factor_auth_enabled = true, multi_factor_auth_rules = [] }: UserOptions,
  given: readonly string[],
  known: (method: string) => boolean,
): string[][] | null {
  if (!multi_factor_auth_enabled) return null
  const rules = multi_factor_auth_rules.map(rule => rule.filter(known)).filter(rule => rule.length > 0)
  if (rules.length === 0 || rules.some(rule => rule.every(method => given.includes(method)))) return null
  return rules
}
