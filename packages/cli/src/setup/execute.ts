import { execFile } from 'node:child_process'
import { promisify } from 'node:util'

const executeFile = promisify(execFile)

/**
 * Runs a short program to its end. argv appears in error messages: no secrets in it.
 *
 * @returns stdout
 * @throws Error with what it said on stderr, for any other exit status than 0
 */
export async function execute(argv: readonly [string, ...string[]], timeoutMs = 30_000): Promise<string> {
  const [program, ...args] = argv
  const { stdout } = await executeFile(program, args, { timeout: timeoutMs, maxBuffer: 64 << 20 })
  return stdout
}
