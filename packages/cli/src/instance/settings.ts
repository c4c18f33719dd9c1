import { existsSync, readFileSync } from 'node:fs'
import { z } from 'zod'
import { writeFileAtomic } from './atomic-file.ts'
import type { Location } from './location.ts'

/** What an instance is, as its last `up` asked; the supervisor builds its units from this alone. */
export const Settings = z.object({
  version: z.literal(1),
  hypervisor: z.enum(['libvirt', 'sim']),
  hosts: z.number().int().min(1).max(32),
  ports: z.record(z.string(), z.number().int()),
})
export type Settings = z.infer<typeof Settings>

/** @returns undefined when there was no `up` yet */
export function readSettings(location: Location): Settings | undefined {
  if (!existsSync(location.settingsFile)) return undefined
  const parsed = Settings.safeParse(JSON.parse(readFileSync(location.settingsFile, 'utf8')))
  if (!parsed.success)
    throw new Error(
      `${location.settingsFile} is not readable: ${parsed.error.issues.map(i => `${i.path.join('.')}: ${i.message}`).join('; ')}`,
    )
  return parsed.data
}

export const writeSettings = (location: Location, settings: Settings): void =>
  writeFileAtomic(location.settingsFile, `${JSON.stringify(settings, null, 2)}\n`)
