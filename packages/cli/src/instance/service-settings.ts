import { existsSync, readFileSync } from 'node:fs'
import { CommandError } from '../command.ts'
import type { Location } from './location.ts'

const LINE = /^([A-Z][A-Z0-9_]*)=(.*)$/

/**
 * What the operator has set for the services, in the words of their `config.ts`: lines `NAME=VALUE` of the file
 * `caelum.env` in the data folder, for every service; blank lines and those that begin with `#` say nothing.
 *
 * @throws CommandError for any other line
 */
export function serviceSettings({ serviceSettingsFile }: Location): Record<string, string> {
  if (!existsSync(serviceSettingsFile)) return {}
  const lines = readFileSync(serviceSettingsFile, 'utf8').split('\n')
  return Object.fromEntries(
    lines.flatMap((line, index) => {
      if (/^\s*(#|$)/.test(line)) return []
      const [, name, value] = LINE.exec(line) ?? []
      if (name === undefined || value === undefined)
        throw new CommandError(`${serviceSettingsFile}, line ${index + 1}: not NAME=VALUE`)
      return [[name, value]]
    }),
  )
}
