import { listenAddress, loadConfig, secret } from '@caelum/kernel'
import { z } from 'zod'

const Config = z.object({
  /** PostgreSQL, with the role of this service */
  DATABASE_URL: secret(),
  CAELUM_LISTEN: listenAddress().default({ host: '127.0.0.1', port: 9696 }),
  /** /metrics and /healthz for whoever collects them, open to all who reach it; not served when not given */
  CAELUM_METRICS_LISTEN: listenAddress().optional(),
  /** ends in /v3 */
  CAELUM_IDENTITY_URL: z.string().default('http://127.0.0.1:5000/v3'),
  /** OVN's northbound and southbound databases: unix:/path, tcp:host:port or ssl:host:port, separated by commas */
  CAELUM_OVN_NB: z.string().default('unix:/run/ovn/ovnnb_db.sock'),
  CAELUM_OVN_SB: z.string().default('unix:/run/ovn/ovnsb_db.sock'),
  /** PEM files for ssl: targets */
  CAELUM_OVN_CA_FILE: z.string().optional(),
  CAELUM_OVN_CERT_FILE: z.string().optional(),
  CAELUM_OVN_KEY_FILE: z.string().optional(),
  /** bytes that the hosts' underlay carries; tenants get 58 less (Geneve over IPv4) */
  CAELUM_UNDERLAY_MTU: z.coerce.number().int().min(1_338).default(1_500),
  LOG_LEVEL: z.string().default('info'),
})
export type Config = z.output<typeof Config>

export const readConfig = (env = process.env): Config => loadConfig(Config, env)
