import { execFile } from 'node:child_process'
import { promisify } from 'node:util'

const execute = promisify(execFile)

export const SYSTEM_PATH = '/usr/sbin:/usr/bin:/sbin:/bin'
const TIMEOUT_MS = 10_000

/**
 * Runs a program of the host and returns what it printed. Nothing of our own environment is handed on.
 * @throws Error with the program's words when it fails or takes longer than 10 s
 */
export async function run(program: string, ...args: string[]): Promise<string> {
  try {
    const { stdout } = await execute(program, args, {
      timeout: TIMEOUT_MS,
      env: { PATH: SYSTEM_PATH, LC_ALL: 'C' },
      maxBuffer: 16 << 20,
    })
    return stdout
  } catch (error) {
    const { stderr, message } = error as Error & { stderr?: string }
    throw new Error(`${program} ${args.join(' ')}: ${stderr?.trim() || message}`, { cause: error })
  }
}
