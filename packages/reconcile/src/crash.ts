/**
 * Crash points: places where dying is interesting. In production `point(name)` is one comparison. A crash test
 * starts the process with `CAELUM_CRASH_AT=<name>`, optionally `<name>#<n>` for the n-th time it passes there, and
 * the process kills itself with SIGKILL, which no handler can soften. A file named by `CAELUM_CRASH_ONCE` makes
 * sure that the restarted process, with the same environment, goes on.
 */
import { existsSync, writeFileSync } from 'node:fs'

const [armed, nth = '1'] = (process.env['CAELUM_CRASH_AT'] ?? '').split('#')
const once = process.env['CAELUM_CRASH_ONCE']
let passes = 0

/** Register the name in `points.ts` of the same process, where the crash tests find it. */
export function point(name: string): void {
  if (name !== armed) return
  passes += 1
  if (passes !== Number(nth) || (once && existsSync(once))) return
  if (once) writeFileSync(once, name)
  process.kill(process.pid, 'SIGKILL')
}
