import { loadConfig } from '@caelum/kernel'
import { z } from 'zod'

const Config = z.object({
  /** compute's agent API */
  CAELUM_COMPUTE_AGENT_URL: z.url({ protocol: /^https$/ }),
  /** the authority of compute's and our certificate; PEM files */
  CAELUM_AGENT_CA_FILE: z.string(),
  /** our certificate: its common name is the host */
  CAELUM_AGENT_CERT_FILE: z.string(),
  CAELUM_AGENT_KEY_FILE: z.string(),
  CAELUM_HOST_NAME: z.string(),
  CAELUM_HOST_IP: z.string(),
  CAELUM_HYPERVISOR: z.enum(['libvirt', 'sim']).default('libvirt'),
  CAELUM_LIBVIRT_SOCKET: z.string().default('/run/libvirt/libvirt-sock'),
  /** Open vSwitch's database, as unix:/path or tcp:host:port */
  CAELUM_OVSDB: z.string().default('unix:/run/openvswitch/db.sock'),
  /** disks, images and console logs */
  CAELUM_DATA_DIR: z.string(),
  /** MiB of images that are kept although no disk reads them */
  CAELUM_IMAGE_CACHE_MB: z.coerce.number().int().positive().default(20_480),
  /** seconds a guest may take to shut down or reboot by itself */
  CAELUM_GUEST_GRACE_S: z.coerce.number().nonnegative().default(60),
  /** heavy steps (disks, starts, removals) at the same time */
  CAELUM_AGENT_CONCURRENCY: z.coerce.number().int().positive().default(8),
  LOG_LEVEL: z.string().default('info'),
})
export type Config = z.output<typeof Config>

export const readConfig = (env = process.env): Config => loadConfig(Config, env)
