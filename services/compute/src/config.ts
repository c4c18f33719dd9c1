import { listenAddress, loadConfig, secret } from '@caelum/kernel'
import { z } from 'zod'

const Config = z.object({
  /** PostgreSQL, with the role of this service */
  DATABASE_URL: secret(),
  /** Redis: URL or path of a unix socket */
  REDIS_URL: z.string().default('redis://127.0.0.1:6379'),
  /** where clients reach the API */
  CAELUM_LISTEN: listenAddress().default({ host: '127.0.0.1', port: 8774 }),
  /** /metrics and /healthz for whoever collects them, open to all who reach it; not served when not given */
  CAELUM_METRICS_LISTEN: listenAddress().optional(),
  /** where agents reach us, over TLS with host certificates; empty: no agents are served */
  CAELUM_AGENT_LISTEN: listenAddress().optional(),
  CAELUM_AGENT_CA_FILE: z.string().optional(),
  CAELUM_AGENT_CERT_FILE: z.string().optional(),
  CAELUM_AGENT_KEY_FILE: z.string().optional(),
  /** ends in /v3 */
  CAELUM_IDENTITY_URL: z.string().default('http://127.0.0.1:5000/v3'),
  CAELUM_REGION: z.string().default('RegionOne'),
  /** of user `compute` in project `service` */
  CAELUM_SERVICE_PASSWORD: secret(),
  /** how many vcpus may be promised per physical one */
  CAELUM_CPU_ALLOCATION_RATIO: z.coerce.number().positive().default(16),
  /** MiB of a host's memory that are never promised to guests */
  CAELUM_RESERVED_RAM_MB: z.coerce.number().int().min(0).default(512),
  /** seconds without a report after which a host counts as down */
  CAELUM_HOST_DOWN_S: z.coerce.number().positive().default(30),
  LOG_LEVEL: z.string().default('info'),
})
export type Config = z.output<typeof Config>

export const readConfig = (env = process.env): Config => loadConfig(Config, env)
