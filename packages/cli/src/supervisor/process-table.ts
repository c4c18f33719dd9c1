/**
 * Who is who among the machine's processes. A pid alone names nobody for long, so a process is known by pid, start
 * time and boot; and every process we start carries its instance and unit in its environment, so that it can be found
 * again by somebody who has lost all records.
 */
import { readdirSync, readFileSync } from 'node:fs'
import { INSTANCE_MARK } from '@caelum/lab'
import { z } from 'zod'

export const ProcessIdentity = z.object({
  pid: z.number().int(),
  /** clock ticks after boot, field 22 of /proc/PID/stat */
  start_ticks: z.string(),
  boot_id: z.string(),
})
export type ProcessIdentity = z.infer<typeof ProcessIdentity>

const UNIT = 'CAELUM_UNIT'

/** unit of the supervisor itself, and so of the short-lived programs it runs while it prepares units */
export const SUPERVISOR_UNIT = 'supervisor'

/** The environment that marks a process as ours. */
export const processMark = (instanceId: string, unit: string): Record<string, string> => ({
  [INSTANCE_MARK]: instanceId,
  [UNIT]: unit,
})

const bootId = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()

export function readProc(pid: number, file: string): string | undefined {
  try {
    return readFileSync(`/proc/${pid}/${file}`, 'utf8')
  } catch {
    return undefined
  }
}

/** The fields of /proc/PID/stat from the third on: the second, the name, may hold blanks and brackets. */
export function statFields(pid: number): string[] | undefined {
  const stat = readProc(pid, 'stat')
  return stat?.slice(stat.lastIndexOf(')') + 2).split(' ')
}

/** What `ofOne` says of the processes and of all that descend from them, added up for each root. */
export function sumsOfTrees(roots: readonly number[], ofOne: (pid: number) => number): number[] {
  const children = new Map<number, number[]>()
  for (const entry of readdirSync('/proc')) {
    const parent = Number(statFields(Number(entry) || 0)?.[1] ?? 0)
    if (parent > 0) children.set(parent, [...(children.get(parent) ?? []), Number(entry)])
  }
  const ofTree = (pid: number): number =>
    (children.get(pid) ?? []).reduce((sum, child) => sum + ofTree(child), ofOne(pid))
  return roots.map(ofTree)
}

/** @returns undefined when no such process runs; a zombie does not run */
export function identify(pid: number): ProcessIdentity | undefined {
  const fields = statFields(pid)
  if (!fields) return undefined
  const [state, startTicks] = [fields[0], fields[19]]
  if (!startTicks || state === 'Z' || state === 'X') return undefined
  return { pid, start_ticks: startTicks, boot_id: bootId }
}

export function isRunning(process: ProcessIdentity): boolean {
  const now = identify(process.pid)
  return now?.start_ticks === process.start_ticks && now.boot_id === process.boot_id
}

export type MarkedProcess = ProcessIdentity & { unit: string }

/** Every running process that carries the mark of the instance. */
export function markedProcesses(instanceId: string): MarkedProcess[] {
  const found: MarkedProcess[] = []
  for (const entry of readdirSync('/proc')) {
    const pid = Number(entry)
    if (!Number.isInteger(pid) || pid === process.pid) continue
    const variables = readProc(pid, 'environ')?.split('\0')
    if (!variables?.includes(`${INSTANCE_MARK}=${instanceId}`)) continue
    const known = identify(pid)
    const unit = variables.find(variable => variable.startsWith(`${UNIT}=`))?.slice(UNIT.length + 1)
    if (known) found.push({ ...known, unit: unit ?? '' })
  }
  return found
}

/** Signals the process and its group, if it still is the one we mean. */
export function signal(target: ProcessIdentity, name: NodeJS.Signals): void {
  if (!isRunning(target)) return
  for (const pid of [-target.pid, target.pid]) {
    try {
      process.kill(pid, name)
      return
    } catch {
      // not the leader of a group, or just gone: the other form decides
    }
  }
}
