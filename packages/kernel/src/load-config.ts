import { readFileSync } from 'node:fs'
import { z } from 'zod'
import { Secret } from './secret.ts'

/** A configuration key whose value must never be shown. */
export const secret = () =>
  z
    .string()
    .min(1)
    .transform(value => new Secret(value))

/** `host:port`; port 0 lets the system choose. */
export const listenAddress = () =>
  z
    .string()
    .regex(/^.+:\d{1,5}$/, 'must be host:port')
    .transform(text => {
      const at = text.lastIndexOf(':')
      return { host: text.slice(0, at).replace(/^\[|\]$/g, ''), port: Number(text.slice(at + 1)) }
    })

/**
 * Reads one flat zod object from the environment. Every key may instead be given as `KEY_FILE`, the path of a file
 * that holds the value: the way for secrets. All problems are listed at once.
 *
 * @throws Error naming every missing or wrong key
 */
export function loadConfig<S extends z.ZodObject>(
  schema: S,
  env: Readonly<Record<string, string | undefined>>,
): z.output<S> {
  const given: Record<string, string> = {}
  for (const key of Object.keys(schema.shape)) {
    const file = env[`${key}_FILE`]
    const value =
      env[key] ?? (file && !(`${key}_FILE` in schema.shape) ? readFileSync(file, 'utf8').trim() : undefined)
    if (value !== undefined && value !== '') given[key] = value
  }
  const parsed = schema.safeParse(given)
  if (parsed.success) return parsed.data
  const lines = parsed.error.issues.map(issue => `  ${issue.path.join('.')}: ${issue.message}`)
  throw new Error(`The configuration is not usable; set these environment variables:\n${lines.join('\n')}`)
}
