import { spawn } from 'node:child_process'
import { closeSync, openSync } from 'node:fs'
import { until } from '../src/poll.ts'
import type { ProcessSpec } from '../src/process-spec.ts'

/** Starts processes and waits until each is ready, as a supervisor would; they are ended with their instance. */
export async function startAll(specs: ProcessSpec[], logDir: string): Promise<void> {
  for (const { name, argv, env, logFile } of specs) {
    const log = openSync(logFile ?? `${logDir}/${name}.log`, 'a')
    spawn(argv[0]!, argv.slice(1), {
      env: { ...process.env, ...env },
      stdio: ['ignore', log, log],
      detached: true,
    }).unref()
    closeSync(log)
  }
  for (const { name, ready } of specs) await until(`${name} ready`, ready, 15_000)
}
