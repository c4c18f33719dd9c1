import { copyFileSync, statSync, truncateSync } from 'node:fs'

/** one log and its predecessor stay under twice this */
export const LOG_LIMIT_BYTES = 32 << 20

/**
 * Cuts every log that is too long: copied to `.1`, then truncated. The writers hold their files open for appending,
 * so they go on at the new end; a line written between copy and cut is lost, which a log may lose.
 */
export function limitLogs(paths: Iterable<string>, limitBytes = LOG_LIMIT_BYTES): void {
  for (const path of paths) {
    if (statSync(path).size <= limitBytes) continue
    copyFileSync(path, `${path}.1`)
    truncateSync(path)
  }
}
