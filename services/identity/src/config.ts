import { listenAddress, loadConfig, secret } from '@caelum/kernel'
import { z } from 'zod'
import type { AccountRules } from './account/rules.ts'
import type { GuardLimits } from './login/guard.ts'

/** JSON in one variable, as a checked object. */
const json = <Z extends z.ZodType>(schema: Z) =>
  z
    .string()
    .transform((text, context) => {
      try {
        return JSON.parse(text) as unknown
      } catch {
        context.addIssue({ code: 'custom', message: 'must be JSON' })
        return z.NEVER
      }
    })
    .pipe(schema)

const count = (standard: number, most = 1_000_000_000) =>
  z.coerce.number().int().min(0).max(most).default(standard)

/** Matched from the beginning, as Python's re.match does. */
const regex = () =>
  z.string().transform((text, context) => {
    try {
      return new RegExp(`^(?:${text})`, 'u')
    } catch (error) {
      context.addIssue({ code: 'custom', message: (error as Error).message })
      return z.NEVER
    }
  })

const Config = z.object({
  /** PostgreSQL, with the role of this service */
  DATABASE_URL: secret(),
  CAELUM_LISTEN: listenAddress().default({ host: '127.0.0.1', port: 5000 }),
  /** /metrics and /healthz for whoever collects them, open to all who reach it; not served when not given */
  CAELUM_METRICS_LISTEN: listenAddress().optional(),
  /** as in the catalogue; without /v3 */
  CAELUM_PUBLIC_URL: z.url().default('http://127.0.0.1:5000'),
  /** whose `X-Forwarded-For` is believed: addresses or networks, with commas between */
  CAELUM_TRUSTED_PROXIES: z.string().default('loopback'),
  CAELUM_REGION: z.string().min(1).max(255).default('RegionOne'),
  /** holds the key that seals the private signing keys, unless CAELUM_KEY_ENCRYPTION_KEY is given */
  CAELUM_DATA_DIR: z.string().min(1),
  /**
   * 32 bytes in base64; for processes that share no folder. Several with commas between: the first one seals, the
   * others open what is not sealed again yet
   */
  CAELUM_KEY_ENCRYPTION_KEY: secret().optional(),
  /** of user `admin`; applied when it changes */
  CAELUM_ADMIN_PASSWORD: secret(),
  /** of user `demo` in project `demo`; neither is made without it */
  CAELUM_DEMO_PASSWORD: secret().optional(),
  /** JSON: service user → password; applied when it changes */
  CAELUM_SERVICE_PASSWORDS: secret()
    .transform(value => value.reveal())
    .pipe(json(z.record(z.string().min(1).max(64), secret())))
    .default({}),
  /** JSON: service type → public URL; applied when it changes */
  CAELUM_CATALOG: json(z.record(z.string().min(1).max(255), z.string().min(1).max(2_000))).default({}),
  /** seconds a token lives */
  CAELUM_TOKEN_TTL_S: z.coerce.number().int().min(60).max(86_400).default(3_600),
  /** days until a new signing key takes over */
  CAELUM_SIGNING_KEY_DAYS: z.coerce.number().positive().default(30),
  /** password hashes computed at a time; more wait, and too many waiting are turned away */
  CAELUM_HASH_CONCURRENCY: z.coerce.number().int().min(1).max(64).optional(),
  /** how the limits of domains and of their projects go together: resources/limit/model.ts */
  CAELUM_LIMIT_MODEL: z.enum(['flat', 'strict_two_level']).default('flat'),
  /** wrong guesses until an account is locked; 0: it never is. These nine are [security_compliance] of keystone.conf */
  CAELUM_LOCKOUT_FAILURE_ATTEMPTS: count(10),
  /** seconds it stays locked; 0: until an administrator enables it */
  CAELUM_LOCKOUT_DURATION: count(1_800),
  /** 0: never */
  CAELUM_PASSWORD_EXPIRES_DAYS: count(0),
  /** passwords, the one that counts included, that a new one must differ from */
  CAELUM_UNIQUE_LAST_PASSWORD_COUNT: count(0, 100),
  /** days a password chosen by the user must be kept */
  CAELUM_MINIMUM_PASSWORD_AGE: count(0),
  /** what every new password must match, from its beginning */
  CAELUM_PASSWORD_REGEX: regex().optional(),
  /** the same in words, for whoever is refused */
  CAELUM_PASSWORD_REGEX_DESCRIPTION: z.string().default('it does not match the pattern of this cloud'),
  /** true: a password set by an administrator must be changed before it is good for anything */
  CAELUM_CHANGE_PASSWORD_UPON_FIRST_USE: z.stringbool().default(false),
  /** 0: never */
  CAELUM_DISABLE_USER_ACCOUNT_DAYS_INACTIVE: count(0),
  /** wrong guesses a minute from one address, beyond which it is turned away; not for addresses of this machine */
  CAELUM_LOGIN_FAILURES_PER_ADDRESS: count(60),
  /** wrong guesses a minute at one account, beyond which whoever tries it is turned away */
  CAELUM_LOGIN_FAILURES_PER_ACCOUNT: count(30),
  /** days that the audit is kept */
  CAELUM_AUDIT_DAYS: count(90),
  /** JSON: URLs of dashboards, e.g. https://dashboard/auth/websso/, that a browser login may hand its token to */
  CAELUM_TRUSTED_DASHBOARDS: json(z.array(z.url())).default([]),
  /** true: identity providers may be asked by http, without TLS; for labs */
  CAELUM_FEDERATION_PLAIN_HTTP: z.stringbool().default(false),
  LOG_LEVEL: z.string().default('info'),
})
export type Config = z.output<typeof Config>

export const readConfig = (env = process.env): Config => loadConfig(Config, env)

export const accountRulesOf = (config: Config): AccountRules => ({
  lockout_failure_attempts: config.CAELUM_LOCKOUT_FAILURE_ATTEMPTS || null,
  lockout_duration: config.CAELUM_LOCKOUT_DURATION || null,
  password_expires_days: config.CAELUM_PASSWORD_EXPIRES_DAYS || null,
  unique_last_password_count: config.CAELUM_UNIQUE_LAST_PASSWORD_COUNT,
  minimum_password_age: config.CAELUM_MINIMUM_PASSWORD_AGE,
  password_regex: config.CAELUM_PASSWORD_REGEX ?? null,
  password_regex_description: config.CAELUM_PASSWORD_REGEX_DESCRIPTION,
  change_password_upon_first_use: config.CAELUM_CHANGE_PASSWORD_UPON_FIRST_USE,
  disable_user_account_days_inactive: config.CAELUM_DISABLE_USER_ACCOUNT_DAYS_INACTIVE || null,
})

export const guardLimitsOf = (config: Config): GuardLimits => ({
  perAddress: config.CAELUM_LOGIN_FAILURES_PER_ADDRESS || Number.POSITIVE_INFINITY,
  perAccount: config.CAELUM_LOGIN_FAILURES_PER_ACCOUNT || Number.POSITIVE_INFINITY,
})
