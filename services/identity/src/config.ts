import { listenAddress, loadConfig, secret } from '@caelum/kernel'
import { z } from 'zod'

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

const Config = z.object({
  /** PostgreSQL, with the role of this service */
  DATABASE_URL: secret(),
  CAELUM_LISTEN: listenAddress().default({ host: '127.0.0.1', port: 5000 }),
  /** as in the catalogue; without /v3 */
  CAELUM_PUBLIC_URL: z.url().default('http://127.0.0.1:5000'),
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
  LOG_LEVEL: z.string().default('info'),
})
export type Config = z.output<typeof Config>

export const readConfig = (env = process.env): Config => loadConfig(Config, env)
