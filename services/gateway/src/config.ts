import { listenAddress, loadConfig } from '@caelum/kernel'
import { z } from 'zod'

/** Path segment → base URL of the service behind it. */
const Upstreams = z.record(z.string().regex(/^[a-z][a-z-]*$/), z.url())

const Config = z.object({
  CAELUM_LISTEN: listenAddress(),
  /** JSON: {"identity": "http://127.0.0.1:5000", ...} */
  CAELUM_UPSTREAMS: z
    .string()
    .transform((text, issues) => {
      try {
        return JSON.parse(text) as unknown
      } catch {
        issues.addIssue('must be JSON')
        return z.NEVER
      }
    })
    .pipe(Upstreams),
  /** true when a TLS terminator in front sets X-Forwarded-Proto and -Host itself */
  CAELUM_TRUST_PROXY: z.stringbool().default(false),
  LOG_LEVEL: z.string().default('info'),
})
export type Config = z.infer<typeof Config>

export const readConfig = (): Config => loadConfig(Config, process.env)
