import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, realpathSync } from 'node:fs'
import { basename, dirname, join, resolve } from 'node:path'
import { openInstance } from '@caelum/lab'

/**
 * Where one instance keeps its things. The id comes from the data folder's path, so `down` finds the processes even
 * when the folder is gone; everything that is global on the machine carries the id, so instances run side by side.
 */
export type Location = {
  /** six hex digits: short enough for interface names */
  id: string
  dataDir: string
  /** 0700, outside the data folder because socket paths must stay under 108 bytes */
  runDir: string
  settingsFile: string
  serviceSettingsFile: string
  secretsDir: string
  logDir: string
  stateFile: string
  controlSocket: string
}

/** The folder may not exist yet: then its nearest existing parent is resolved. */
function realPath(path: string): string {
  return existsSync(path) ? realpathSync(path) : join(realPath(dirname(path)), basename(path))
}

export function locate(dataDir: string): Location {
  const real = realPath(resolve(dataDir))
  const id = createHash('sha256').update(real).digest('hex').slice(0, 6)
  const runDir = `/run/caelum-${id}`
  return {
    id,
    dataDir: real,
    runDir,
    settingsFile: join(real, 'cloud.json'),
    serviceSettingsFile: join(real, 'caelum.env'),
    secretsDir: join(real, 'secrets'),
    logDir: join(real, 'log'),
    stateFile: join(runDir, 'processes.json'),
    controlSocket: join(runDir, 'control.sock'),
  }
}

/** Makes what the instance needs to exist, so that nobody takes it for the remains of a dead one. */
export async function makeFolders(location: Location): Promise<void> {
  await openInstance(location.dataDir)
  for (const folder of [location.secretsDir, location.logDir])
    mkdirSync(folder, { recursive: true, mode: 0o700 })
}
