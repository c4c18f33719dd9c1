import { setTimeout as sleep } from 'node:timers/promises'
import {
  isRunning,
  type MarkedProcess,
  markedProcesses,
  type ProcessIdentity,
  signal,
} from './process-table.ts'

/** @returns those that still run after `timeoutMs` */
export async function waitGone<P extends ProcessIdentity>(processes: P[], timeoutMs: number): Promise<P[]> {
  const end = Date.now() + timeoutMs
  let left = processes.filter(isRunning)
  while (left.length > 0 && Date.now() < end) {
    await sleep(20)
    left = left.filter(isRunning)
  }
  return left
}

/** SIGTERM (or `first`), and SIGKILL to what is left after `graceMs`. */
export async function terminate(
  processes: ProcessIdentity[],
  graceMs: number,
  first: NodeJS.Signals = 'SIGTERM',
): Promise<void> {
  for (const process of processes) signal(process, first)
  const left = await waitGone(processes, graceMs)
  for (const process of left) signal(process, 'SIGKILL')
  await waitGone(left, 5_000)
}

/**
 * Ends every process that carries the instance's mark, whoever started it and whatever records are left. Only the
 * units that `spare` names may live on.
 */
export async function sweepProcesses(
  instanceId: string,
  graceMs: number,
  spare: (process: MarkedProcess) => boolean = () => false,
): Promise<number> {
  let ended = 0
  // again, because a process may have started another one while we looked
  for (;;) {
    const found = markedProcesses(instanceId).filter(process => !spare(process))
    if (found.length === 0) return ended
    ended += found.length
    await terminate(found, graceMs)
  }
}
