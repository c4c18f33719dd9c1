import { listenAddress, loadConfig, secret } from '@caelum/kernel'
import { z } from 'zod'

const Config = z.object({
  /** PostgreSQL, with the role of this service */
  DATABASE_URL: secret(),
  CAELUM_LISTEN: listenAddress().default({ host: '127.0.0.1', port: 8080 }),
  /** /metrics and /healthz for whoever collects them, open to all who reach it; not served when not given */
  CAELUM_METRICS_LISTEN: listenAddress().optional(),
  /** ends in /v3 */
  CAELUM_IDENTITY_URL: z.string().default('http://127.0.0.1:5000/v3'),
  /** holds the bytes of all objects; one process at a time */
  CAELUM_DATA_DIR: z.string().default('/var/lib/caelum/object-storage'),
  /** bytes of the largest object */
  CAELUM_OBJECT_MAX_BYTES: z.coerce.number().int().positive().default(5_368_709_122),
  /** seconds without a byte after which an upload is given up */
  CAELUM_OBJECT_UPLOAD_IDLE_S: z.coerce.number().positive().default(60),
  /** seconds between two looks for objects whose time has come */
  CAELUM_OBJECT_EXPIRY_S: z.coerce.number().positive().default(30),
  LOG_LEVEL: z.string().default('info'),
})
export type Config = z.output<typeof Config>

export const readConfig = (env = process.env): Config => loadConfig(Config, env)

/** What the application is told of the configuration. */
export interface Limits {
  maxBytes: number
  uploadIdleMs: number
  expiryMs: number
}

export const limitsOf = (config: Config): Limits => ({
  maxBytes: config.CAELUM_OBJECT_MAX_BYTES,
  uploadIdleMs: config.CAELUM_OBJECT_UPLOAD_IDLE_S * 1_000,
  expiryMs: config.CAELUM_OBJECT_EXPIRY_S * 1_000,
})
