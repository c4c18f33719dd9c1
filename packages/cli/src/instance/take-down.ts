import { existsSync, rmSync } from 'node:fs'
import { removeInstance } from '@caelum/lab'
import { CommandError } from '../command.ts'
import { askSupervisor, supervisorStatus } from '../supervisor/control-client.ts'
import { sweepProcesses } from '../supervisor/sweep.ts'
import type { Location } from './location.ts'

const STOP_MS = 60_000

/**
 * Ends everything of the instance, whatever state it is in: the supervisor does it in order if it answers; then, and
 * also when it does not, every process that still carries the instance's mark is ended, and the interfaces and control
 * groups that carry its name are removed. Right after any crash.
 *
 * @returns whether anything ran
 */
export async function takeDown(location: Location): Promise<boolean> {
  const alive = await supervisorStatus(location.controlSocket).catch(() => undefined)
  if (alive) await askSupervisor(location.controlSocket, { op: 'stop' }, STOP_MS).catch(() => undefined)
  const swept = await sweepProcesses(location.id, 5_000)
  await removeInstance(location.id)
  return alive !== undefined || swept > 0
}

/** Removes the data folder, if it is one of ours. */
export function purge(location: Location): void {
  if (!existsSync(location.dataDir)) return
  if (!existsSync(location.settingsFile))
    throw new CommandError(
      `${location.dataDir} does not look like a cloud's data folder (it has no cloud.json); it was left alone`,
      'check --data; remove the folder by hand if you are sure',
    )
  rmSync(location.dataDir, { recursive: true, force: true })
}
