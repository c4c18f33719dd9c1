import { randomBytes } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { writeFileAtomic } from './atomic-file.ts'
import type { Location } from './location.ts'

/** Secrets are files of mode 0600, so that processes get their paths and never the values in argv or environment. */
export const secretPath = (location: Location, name: string): string => join(location.secretsDir, name)

/** Made once, then kept as long as the data folder. */
export function generatedSecret(location: Location, name: string): string {
  const path = secretPath(location, name)
  if (!existsSync(path)) writeFileAtomic(path, randomBytes(24).toString('base64url'))
  return readFileSync(path, 'utf8').trim()
}

/** A secret that was given to us or follows from others. @returns its path */
export function keptSecret(location: Location, name: string, value: string): string {
  const path = secretPath(location, name)
  if (!existsSync(path) || readFileSync(path, 'utf8') !== value) writeFileAtomic(path, value)
  return path
}

export function readSecret(location: Location, name: string): string | undefined {
  const path = secretPath(location, name)
  return existsSync(path) ? readFileSync(path, 'utf8').trim() : undefined
}
