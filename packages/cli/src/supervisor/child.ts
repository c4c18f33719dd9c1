import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { closeSync, openSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import type { ProcessSpec } from '@caelum/lab'
import type { ProcessRecord } from './process-records.ts'
import { identify, isRunning, type ProcessIdentity, processMark } from './process-table.ts'

/** What is passed on from our own environment; everything else comes from the spec, so no secret slips through. */
const INHERITED = ['PATH', 'HOME', 'LANG', 'LC_ALL', 'TZ', 'TERM', 'CAELUM_CRASH_FILE']

export function specDigest(spec: ProcessSpec): string {
  return createHash('sha256')
    .update(JSON.stringify([spec.argv, spec.env ?? {}, spec.cwd ?? '']))
    .digest('hex')
}

/** @param status null: it was killed, or is not known */
export type Ended = { status: number | null; how: string }

/** A running process: one that we started, or one that an earlier supervisor did. */
export type Child = {
  identity: ProcessIdentity
  startedAt: number
  adopted: boolean
  /** resolves when it has ended */
  ended: Promise<Ended>
}

/**
 * Starts the process in a session of its own, so that neither our end nor a ctrl-C ends it, with its output going
 * straight to its log file: a pipe through us would break when we die.
 *
 * @throws Error when the program cannot be started
 */
export async function startChild(
  instanceId: string,
  unit: string,
  spec: ProcessSpec,
  logFile: string,
): Promise<Child> {
  const [command = '', ...args] = spec.argv
  const log = openSync(logFile, 'a', 0o600)
  const env: Record<string, string> = { PATH: '/usr/sbin:/usr/bin:/sbin:/bin' }
  for (const key of INHERITED) if (process.env[key]) env[key] = process.env[key]
  try {
    const child = spawn(command, args, {
      cwd: spec.cwd ?? '/',
      env: { ...env, ...spec.env, ...processMark(instanceId, unit) },
      detached: true,
      stdio: ['ignore', log, log],
    })
    const ended = new Promise<Ended>(resolve => {
      child.once('exit', (status, signal) =>
        resolve({ status, how: signal ? `killed by ${signal}` : `exit status ${status}` }),
      )
    })
    await new Promise<void>((resolve, reject) => {
      child.once('spawn', resolve)
      child.once('error', reject)
    })
    const identity = identify(child.pid!)
    if (!identity) throw new Error(`${command} ended at once (${(await ended).how}); see ${logFile}`)
    return { identity, startedAt: Date.now(), adopted: false, ended }
  } finally {
    closeSync(log)
  }
}

const ADOPTED_LOOK_MS = 100

/** Takes over a process of an earlier supervisor. It is not our child, so its end is noticed by looking. */
export function adoptChild(record: ProcessRecord): Child {
  const watch = async (): Promise<Ended> => {
    while (isRunning(record)) await sleep(ADOPTED_LOOK_MS)
    return { status: null, how: 'ended (exit status unknown: it was started by an earlier supervisor)' }
  }
  return { identity: record, startedAt: record.started_at, adopted: true, ended: watch() }
}
