import { spawn } from 'node:child_process'
import { closeSync, existsSync, openSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { EXTERNAL_DATABASE } from '../cloud/postgres.ts'
import { EXTERNAL_REDIS } from '../cloud/redis.ts'
import { CommandError } from '../command.ts'
import { askSupervisor, supervisorStatus } from '../supervisor/control-client.ts'
import type { SupervisorStatus } from '../supervisor/control-protocol.ts'
import { markedProcesses, processMark } from '../supervisor/process-table.ts'
import type { UnitStatus } from '../supervisor/unit.ts'
import { type Location, makeFolders } from './location.ts'
import { choosePorts } from './ports.ts'
import { keptSecret } from './secrets.ts'
import { readSettings, type Settings, writeSettings } from './settings.ts'

export type Wishes = {
  hypervisor: Settings['hypervisor'] | undefined
  hosts: number | undefined
  /** false: leave the usual ports to a cloud beside this one */
  usualPorts: boolean
}

const DEFAULT_HOSTS = 2

/**
 * Decides what the instance is to be: what was asked now, else what it was, else the default. Ports are only chosen
 * while nothing of the instance runs, because its own listeners would make them look taken.
 */
export async function settle(location: Location, wishes: Wishes): Promise<Settings> {
  makeFolders(location)
  const before = readSettings(location)
  if (before && wishes.hypervisor && wishes.hypervisor !== before.hypervisor)
    throw new CommandError(
      `the cloud in ${location.dataDir} has ${before.hypervisor} hosts; its servers cannot move to ${wishes.hypervisor}`,
      `choose another folder with --data, or remove this cloud: caelum down --purge --data ${location.dataDir}`,
    )
  const running = markedProcesses(location.id).length > 0
  const settings: Settings = {
    version: 1,
    hypervisor: wishes.hypervisor ?? before?.hypervisor ?? 'libvirt',
    hosts: wishes.hosts ?? before?.hosts ?? DEFAULT_HOSTS,
    ports: running && before ? before.ports : await choosePorts(before?.ports ?? {}, wishes.usualPorts),
  }
  for (const [variable, name] of [
    ['DATABASE_URL', EXTERNAL_DATABASE],
    ['REDIS_URL', EXTERNAL_REDIS],
  ] as const) {
    const value = process.env[variable]
    if (value) keptSecret(location, name, value)
  }
  writeSettings(location, settings)
  return settings
}

const SUPERVISOR = new URL('../supervisor/main.ts', import.meta.url).pathname

export const supervisorLog = (location: Location): string => join(location.logDir, 'supervisor.log')

/** Nothing of the caller's environment but where programs are: the settings decide, not who called `up` last. */
const supervisorEnv = (): Record<string, string> => ({
  PATH: process.env['PATH'] ?? '/usr/sbin:/usr/bin:/sbin:/bin',
  HOME: process.env['HOME'] ?? '/',
})

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
    env: { ...supervisorEnv(), ...processMark(location.id, 'supervisor') },
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
        `${failing.name} does not start: ${failing.last_error}\n${tail(failing.log, 15)}`,
        `see ${failing.log}; the other processes go on; when it is mended run: caelum up`,
      )
    if (Date.now() > deadline)
      throw new CommandError(
        `not ready after ${timeoutMs / 1000} s: ${late.map(unit => `${unit.name} (${unit.state})`).join(', ')}`,
        'caelum status',
      )
    await sleep(50)
  }
}
