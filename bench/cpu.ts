/** What processes and all that descend from them have spent. */
import { readdirSync } from 'node:fs'
import { statFields } from '../packages/cli/src/supervisor/process-table.ts'

/** of /proc/PID/stat, on every Linux we know */
const MS_PER_TICK = 10

/** CPU time of whole process trees in ms, ended descendants that were waited for included. */
export function cpuMsOf(roots: readonly number[]): number {
  const children = new Map<number, number[]>()
  for (const entry of readdirSync('/proc')) {
    const parent = Number(statFields(Number(entry) || 0)?.[1] ?? 0)
    if (parent > 0) children.set(parent, [...(children.get(parent) ?? []), Number(entry)])
  }
  const ofTree = (pid: number): number => {
    const ticks = statFields(pid)?.slice(11, 15).map(Number) ?? []
    const own = ticks.reduce((sum, value) => sum + value, 0) * MS_PER_TICK
    return own + (children.get(pid) ?? []).reduce((sum, child) => sum + ofTree(child), 0)
  }
  return roots.reduce((sum, root) => sum + ofTree(root), 0)
}
