/**
 * Crash points: places where dying is interesting. In production `point(name)` is one comparison. A crash test runs
 * the cloud with `CAELUM_CRASH_FILE=<path>` and arms a point by writing its name into that file; the first process
 * to pass there takes the file away, so that nobody dies twice, and kills itself with SIGKILL, which no handler can
 * soften. Names are registered in `points.ts` of the process, where the crash tests find them.
 */
import { readFileSync, renameSync } from 'node:fs'

const file = process.env['CAELUM_CRASH_FILE']

export function point(name: string): void {
  if (file && isArmed(file, name)) process.kill(process.pid, 'SIGKILL')
}

function isArmed(path: string, name: string): boolean {
  try {
    if (readFileSync(path, 'utf8').trim() !== name) return false
    renameSync(path, `${path}.fired`)
    return true
  } catch {
    return false
  }
}
