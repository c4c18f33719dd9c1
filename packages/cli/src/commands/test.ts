import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { sweepDeadInstances } from '@caelum/lab'
import { type Outcome, runCheck, runDemo, runVitest } from '../checks/run-check.ts'
import { nodeArgv, ROOT } from '../cloud/node-program.ts'
import { type Command, parseOptions } from '../command.ts'
import { ensureSystemPackages, PACKAGES_FOR } from '../setup/system-packages.ts'
import { say, seconds, table } from '../setup/terminal.ts'

/** Run one after the other: each brings up clouds of its own and would disturb the other's timing. */
const SLOW_SUITES = ['e2e', 'crash', 'conformance']

export const test: Command = async args => {
  const { values } = parseOptions('test', args, { options: { fast: { type: 'boolean' } } })
  await ensureSystemPackages(values.fast ? PACKAGES_FOR.fast : PACKAGES_FOR.test)
  // of an earlier run that was killed
  await sweepDeadInstances()
  const interrupted = new AbortController()
  for (const name of ['SIGINT', 'SIGTERM'] as const) process.once(name, () => interrupted.abort())
  const { signal } = interrupted

  const parts: (() => Promise<Outcome>)[] = [
    () => runCheck('format and lint', ['biome', 'check', '--error-on-warnings', '.'], signal),
    () => runCheck('types', ['tsc', '-p', '.'], signal),
    () => runCheck('boundaries', nodeArgv('tools/boundaries.ts'), signal),
    () => runCheck('openapi documents', nodeArgv('tools/openapi.ts').concat('--check'), signal),
    () => runCheck('policy matrices', nodeArgv('tools/policy.ts').concat('--check'), signal),
    () => runCheck('migrations', nodeArgv('tools/migrations.ts').concat('--check'), signal),
    () => runVitest('packages and services', [], { signal }),
    ...(values.fast ? [] : [() => runDemo(signal)]),
    ...(values.fast ? [] : SLOW_SUITES.filter(hasTests)).map(
      suite => () => runVitest(suite, ['--config', 'test/vitest.config.ts', `test/${suite}`], { signal }),
    ),
  ]
  const outcomes: Outcome[] = []
  for (const part of parts) {
    const outcome = await part()
    outcomes.push(outcome)
    say(`${outcome.failed ? '✗' : '✓'} ${outcome.name} (${seconds(outcome.ms)})`)
    if (signal.aborted) break
  }
  return summarise(outcomes, signal.aborted)
}

const hasTests = (suite: string): boolean => existsSync(join(ROOT, 'test', suite))

function summarise(outcomes: Outcome[], interrupted: boolean): number {
  const rows = outcomes.map(o => [o.name, `${o.passed} passed`, `${o.failed} failed`, seconds(o.ms)])
  console.log(`\n${table(rows)}`)
  if (interrupted) console.log('interrupted: not everything was run')
  const passed = outcomes.reduce((sum, outcome) => sum + outcome.passed, 0)
  const failed = outcomes.reduce((sum, outcome) => sum + outcome.failed, 0)
  console.log(`${passed} passed, ${failed} failed`)
  return failed > 0 || interrupted ? 1 : 0
}
