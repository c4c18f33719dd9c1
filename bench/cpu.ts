/** What processes and all that descend from them have spent. */
import { statFields, sumsOfTrees } from '../packages/cli/src/supervisor/process-table.ts'

/** of /proc/PID/stat, on every Linux we know */
const MS_PER_TICK = 10

/** CPU time of whole process trees in ms, ended descendants that were waited for included. */
export const cpuMsOf = (roots: readonly number[]): number =>
  sumsOfTrees(roots, ownMs).reduce((sum, ms) => sum + ms, 0)

const ownMs = (pid: number): number =>
  (statFields(pid)?.slice(11, 15) ?? []).reduce((sum, ticks) => sum + Number(ticks), 0) * MS_PER_TICK
