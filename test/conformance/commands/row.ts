import { expect } from 'vitest'

/**
 * What a command must do. null: succeed. An object: print JSON that holds at least this. A list: print a JSON list with
 * at least such entries. `exactly`: a list of such entries and no other. `says`: print this, as text. `fails`: exit 1 and
 * say why.
 */
export type Expected =
  | null
  | Record<string, unknown>
  | Record<string, unknown>[]
  | { exactly: Record<string, unknown>[] }
  | { says: RegExp }
  | { fails: RegExp }

/**
 * Command and arguments as one would type them, words parted by single blanks, and what is expected. `$(...)` is what
 * another command of the client prints.
 */
export type Row = readonly [command: string, rest: string, expected: Expected]

/** One area of the client: its commands in an order in which one finds what it needs. */
export type Area = {
  /** the client's own name for the group of commands */
  group: string
  rows: readonly Row[]
  /** what Caelum does not offer yet: commands, or the beginnings of several */
  notYet: readonly string[]
}

export const includes = (text: string) => expect.stringContaining(text)
export const matches = (pattern: RegExp) => expect.stringMatching(pattern)
export const some = (type: unknown) => expect.any(type)
