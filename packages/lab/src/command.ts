import { execFile } from 'node:child_process'

export class CommandFailed extends Error {
  readonly stderr: string
  readonly exitCode: number | null
  constructor(argv: readonly string[], exitCode: number | null, stderr: string) {
    super(`${argv.join(' ')}: ${stderr.trim() || `exit ${exitCode ?? 'by signal'}`}`)
    this.stderr = stderr
    this.exitCode = exitCode
  }
}

/**
 * Runs a short command to its end and returns stdout; throws `CommandFailed` on any other exit than 0, or after
 * `timeoutMs` (default 60 s). argv appears in error messages: no secrets in it.
 */
export function run(
  argv: readonly [string, ...string[]],
  options: { env?: Record<string, string>; cwd?: string; timeoutMs?: number } = {},
): Promise<string> {
  const [program, ...args] = argv
  return new Promise((resolve, reject) => {
    execFile(
      program,
      args,
      {
        encoding: 'utf8',
        maxBuffer: 64 << 20,
        timeout: options.timeoutMs ?? 60_000,
        killSignal: 'SIGKILL',
        env: { ...process.env, LC_ALL: 'C', ...options.env },
        ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
      },
      (error, stdout, stderr) => {
        if (error === null) resolve(stdout)
        else reject(new CommandFailed(argv, typeof error.code === 'number' ? error.code : null, stderr))
      },
    )
  })
}

/** Like `run`, for a command whose failure is an answer: null instead of an exception. */
export async function tryRun(...args: Parameters<typeof run>): Promise<string | null> {
  try {
    return await run(...args)
  } catch (error) {
    if (error instanceof CommandFailed) return null
    throw error
  }
}
