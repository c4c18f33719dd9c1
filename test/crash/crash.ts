import { existsSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Cloud } from '../support/cloud.ts'

const FIRE_MS = 15_000

/**
 * Arms the point, does the work, and waits until somebody has died there.
 *
 * @throws when nobody passed the point
 */
export async function armed(cloud: Cloud, point: string, work: () => Promise<unknown>): Promise<void> {
  const fired = `${cloud.crashFile}.fired`
  // ends the pauses that the supervisor makes before it starts what dies often
  await cloud.control({ op: 'apply' })
  rmSync(fired, { force: true })
  writeFileSync(`${cloud.crashFile}.new`, point)
  renameSync(`${cloud.crashFile}.new`, cloud.crashFile)
  try {
    await work()
    for (const begun = performance.now(); !existsSync(fired); await sleep(20))
      if (performance.now() - begun > FIRE_MS) throw new Error(`nobody passed the point ${point}`)
  } finally {
    rmSync(cloud.crashFile, { force: true })
  }
}
