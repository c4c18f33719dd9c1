import { listenAddress, loadConfig, secret } from '@caelum/kernel'
import { z } from 'zod'

const Config = z.object({
  /** PostgreSQL, with the role of this service */
  DATABASE_URL: secret(),
  CAELUM_LISTEN: listenAddress().default({ host: '127.0.0.1', port: 9292 }),
  /** /metrics and /healthz for whoever collects them, open to all who reach it; not served when not given */
  CAELUM_METRICS_LISTEN: listenAddress().optional(),
  /** ends in /v3 */
  CAELUM_IDENTITY_URL: z.string().default('http://127.0.0.1:5000/v3'),
  /** holds the bytes of all images; one process at a time */
  CAELUM_DATA_DIR: z.string().default('/var/lib/caelum/image'),
  /** bytes of the largest image */
  CAELUM_IMAGE_MAX_BYTES: z.coerce.number().int().positive().default(1_099_511_627_776),
  /** images per project */
  CAELUM_IMAGE_QUOTA_COUNT: z.coerce.number().int().min(0).default(1_000),
  /** bytes of all images of a project */
  CAELUM_IMAGE_QUOTA_BYTES: z.coerce.number().int().min(0).default(10_995_116_277_760),
  /** seconds without a byte after which an upload is given up */
  CAELUM_IMAGE_UPLOAD_IDLE_S: z.coerce.number().positive().default(300),
  LOG_LEVEL: z.string().default('info'),
})
export type Config = z.output<typeof Config>

export const readConfig = (env = process.env): Config => loadConfig(Config, env)

/** What the application is told of the configuration. */
export interface Limits {
  maxBytes: number
  quotaCount: number
  quotaBytes: number
  uploadIdleMs: number
}

export const limitsOf = (config: Config): Limits => ({
  maxBytes: config.CAELUM_IMAGE_MAX_BYTES,
  quotaCount: config.CAELUM_IMAGE_QUOTA_COUNT,
  quotaBytes: config.CAELUM_IMAGE_QUOTA_BYTES,
  uploadIdleMs: config.CAELUM_IMAGE_UPLOAD_IDLE_S * 1_000,
})
