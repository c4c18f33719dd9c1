import { spawn } from 'node:child_process'
import { closeSync, existsSync, openSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { CommandError } from '../command.ts'
import { askSupervisor, supervisorStatus } from '../supervisor/control-client.ts'
import type { SupervisorStatus } from '../supervisor/control-protocol.ts'
import { processMark, SUPERVISOR_UNIT } from '../supervisor/process-table.ts'
import type { UnitStatus } from '../supervisor/unit.ts'
import type { Location } from './location.ts'

const SUPERVISOR = new URL('../supervisor/main.ts', import.meta.url).pathname

export const supervisorLog = (location: Location): string => join(location.logDir, 'supervisor.log')

/**
 * Nothing of the caller's environment but where programs are, and the file by which crash tests arm their points:
 * the settings decide, not who called `up` last.
 */
const supervisorEnv = (): Record<string, string> => {
  const crashFile = process.env['CAELUM_CRASH_FILE']
  return {
    PATH: process.env['PATH'] ?? '/usr/sbin:/usr/bin:/sbin:/bin',
    HOME: process.env['HOME'] ?? '/',
    ...(crashFile ? { CAELUM_CRASH_FILE: crashFile } : {}),
  }
}

/** Starts the supervisor, detached, unless one runs; then makes it look at the settings. */
export async function ensureSupervisor(location: Location): Promise<void> {
  const answer = await askSupervisor(location.controlSocket, { op: 'apply' })
  if (answer?.ok) return
  if (answer)
    throw new CommandError(`the supervisor refused: ${answer.error}`, `see ${supervisorLog(location)}`)
  const log = openSync(supervisorLog(location), 'a', 0o600)
  const child = spawn(process.execPath, [SUPERVISOR, location.dataDir], {
    detached: true,
    cwd: '/',
    // marked like its processes, so that `down` finds it even when it hangs
    env: { ...supervisorEnv(), ...processMark(location.id, SUPERVISOR_UNIT) },
    stdio: ['ignore', log, log],
  })
  closeSync(log)
  child.unref()
  const deadline = Date.now() + 15_000
  while (!(await supervisorStatus(location.controlSocket))) {
    if (child.exitCode !== null || Date.now() > deadline)
      throw new CommandError(
        `the supervisor did not start:\n${tail(supervisorLog(location), 15)}`,
        `see ${supervisorLog(location)}`,
      )
    await sleep(20)
  }
}

function tail(path: string, lines: number): string {
  if (!existsSync(path)) return ''
  return readFileSync(path, 'utf8').trimEnd().split('\n').slice(-lines).join('\n')
}

/** a unit that failed this often in a row will not come up by itself */
const HOPELESS_FAILURES = 8

/**
 * Waits until every unit is ready.
 *
 * @param onReady is told each unit that becomes ready while we wait
 * @throws CommandError with the first failing unit's error and the end of its log
 */
export async function waitHealthy(
  location: Location,
  timeoutMs: number,
  onReady: (unit: UnitStatus) => void = () => undefined,
): Promise<SupervisorStatus> {
  const deadline = Date.now() + timeoutMs
  let told: Set<string> | undefined
  for (;;) {
    const status = await supervisorStatus(location.controlSocket)
    if (!status)
      throw new CommandError('the supervisor ended', `see ${supervisorLog(location)}, then run: caelum up`)
    told ??= new Set(status.units.flatMap(unit => (unit.state === 'ready' ? [unit.name] : [])))
    for (const unit of status.units)
      if (unit.state === 'ready' && !told.has(unit.name)) {
        told.add(unit.name)
        onReady(unit)
      }
    const late = status.units.filter(unit => unit.state !== 'ready')
    if (late.length === 0 && status.units.length > 0) return status
    const failing =
      late.find(unit => unit.failures >= HOPELESS_FAILURES) ?? late.find(unit => unit.last_error)
    if (failing && (failing.failures >= HOPELESS_FAILURES || Date.now() > deadline))
      throw new CommandError(
        `${failing.name} does not start: ${failing.last_error}\n${tail(failing.log, 15)}`.trimEnd(),
        `see ${existsSync(failing.log) ? failing.log : supervisorLog(location)}; the other processes go on; when it is mended run: caelum up`,
      )
    if (Date.now() > deadline)
      throw new CommandError(
        `not ready after ${timeoutMs / 1000} s: ${late.map(unit => `${unit.name} (${unit.state})`).join(', ')}`,
        'caelum status',
      )
    await sleep(50)
  }
}
