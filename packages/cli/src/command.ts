import { type ParseArgsConfig, parseArgs } from 'node:util'

/** What went wrong and what to do next, for a person; printed without a stack. */
export class CommandError extends Error {
  readonly next: string | undefined
  readonly exitCode: number
  constructor(cause: string, next?: string, exitCode = 1) {
    super(cause)
    this.next = next
    this.exitCode = exitCode
  }
}

/** @returns the exit status */
export type Command = (args: string[]) => Promise<number>

/** `parseArgs`, with a mistake of the user told as such. */
export function parseOptions<const T extends Omit<ParseArgsConfig, 'args'>>(
  command: string,
  args: string[],
  config: T,
) {
  try {
    return parseArgs({ ...config, args })
  } catch (error) {
    throw new CommandError((error as Error).message, `caelum ${command} --help`, 2)
  }
}

export function positiveInteger(text: string, option: string, limit: number): number {
  const value = Number(text)
  if (!Number.isInteger(value) || value < 1 || value > limit)
    throw new CommandError(`${option} must be a whole number from 1 to ${limit}, not '${text}'`, undefined, 2)
  return value
}
