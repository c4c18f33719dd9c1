import { spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ROOT } from '../cloud/node-program.ts'

/** What one part of the test run came to, in tests. */
export type Outcome = { name: string; passed: number; failed: number; ms: number }

const BIN = join(ROOT, 'node_modules/.bin')

/**
 * Tools and the tests' own child processes find Node 24 first. The clouds of tests have databases of their own: in one
 * that somebody points to they would meet each other.
 */
function environment(extra: Record<string, string>): NodeJS.ProcessEnv {
  const { DATABASE_URL: _database, REDIS_URL: _redis, ...rest } = process.env
  return { ...rest, PATH: `${BIN}:${process.env['PATH'] ?? ''}`, ...extra }
}

/** Runs a program with our terminal. @returns whether it ended with 0 */
export function succeeds(
  argv: readonly string[],
  { env = {}, signal }: { env?: Record<string, string>; signal: AbortSignal },
): Promise<boolean> {
  return new Promise(resolve => {
    const child = spawn(argv[0]!, argv.slice(1), { cwd: ROOT, env: environment(env), stdio: 'inherit' })
    const stop = () => child.kill('SIGTERM')
    signal.addEventListener('abort', stop, { once: true })
    child.once('error', () => resolve(false))
    child.once('close', code => {
      signal.removeEventListener('abort', stop)
      resolve(code === 0)
    })
  })
}

/** A check that passes or fails as a whole. */
export async function runCheck(name: string, argv: readonly string[], signal: AbortSignal): Promise<Outcome> {
  const began = performance.now()
  const good = await succeeds(argv, { signal })
  return { name, passed: Number(good), failed: Number(!good), ms: performance.now() - began }
}

/** The demo on a cloud of its own, which is removed whatever came of it. */
export async function runDemo(signal: AbortSignal): Promise<Outcome> {
  const folder = mkdtempSync(join(tmpdir(), 'caelum-demo-'))
  const data = ['--data', join(folder, 'cloud')]
  const caelum = join(ROOT, 'caelum')
  try {
    return await runCheck('demo', [caelum, 'demo', '--other-ports', ...data], signal)
  } finally {
    await succeeds([caelum, 'down', '--purge', ...data], { signal: new AbortController().signal })
    rmSync(folder, { recursive: true, force: true })
  }
}

type VitestReport = { numPassedTests: number; numFailedTests: number; success: boolean }

/** Runs vitest and counts its tests. A file that cannot even be loaded counts as one failed test. */
export async function runVitest(
  name: string,
  args: readonly string[],
  { env = {}, signal }: { env?: Record<string, string>; signal: AbortSignal },
): Promise<Outcome> {
  const began = performance.now()
  const folder = mkdtempSync(join(tmpdir(), 'caelum-test-'))
  const reportFile = join(folder, 'report.json')
  try {
    const reporters = ['--reporter=default', '--reporter=json', `--outputFile=${reportFile}`]
    const good = await succeeds(['vitest', 'run', ...args, ...reporters], { env, signal })
    const report = readReport(reportFile)
    const passed = report?.numPassedTests ?? 0
    const failed = report?.numFailedTests ?? 0
    return { name, passed, failed: Math.max(failed, Number(!good)), ms: performance.now() - began }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

function readReport(path: string): VitestReport | undefined {
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as VitestReport
  } catch {
    // vitest did not come as far as writing it: the exit status tells
    return undefined
  }
}
