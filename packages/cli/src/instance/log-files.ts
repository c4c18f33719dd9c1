import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import type { Location } from './location.ts'

/** Every log of the instance by name: `compute`, and what runs inside a host as `host-1/libvirtd`. */
export function logFiles(location: Location): Map<string, string> {
  const found = new Map<string, string>()
  const add = (folder: string, prefix: string) => {
    if (!existsSync(folder)) return
    for (const file of readdirSync(folder).sort())
      if (file.endsWith('.log')) found.set(`${prefix}${file.slice(0, -'.log'.length)}`, join(folder, file))
  }
  add(location.logDir, '')
  const lab = join(location.dataDir, 'lab')
  if (existsSync(lab)) for (const host of readdirSync(lab).sort()) add(join(lab, host, 'log'), `${host}/`)
  return found
}
