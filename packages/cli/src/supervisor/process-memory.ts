import { readProc, sumsOfTrees } from './process-table.ts'

/**
 * Resident memory in bytes of a process with all its descendants, what is shared divided among its sharers (PSS), so
 * that figures may be added up. Costs about a millisecond per process: for a person who asks, not for a loop.
 */
export function memoryOfTrees(roots: readonly number[]): Map<number, number> {
  const sums = sumsOfTrees(roots, proportionalBytes)
  return new Map(roots.map((root, index) => [root, sums[index] ?? 0]))
}

/** 0 when the process is gone. */
export function proportionalBytes(pid: number): number {
  const kilobytes = /^Pss:\s+(\d+) kB$/m.exec(readProc(pid, 'smaps_rollup') ?? '')?.[1]
  return Number(kilobytes ?? 0) * 1024
}
