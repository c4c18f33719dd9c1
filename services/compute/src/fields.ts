/** Nova's own kinds of fields (nova/api/validation/parameter_types.py), which several resources share. */
import { z } from 'zod'

/** Largest value of PostgreSQL's integer, and of Nova's. */
export const MAX_INT = 2_147_483_647

const TRUE = ['true', 't', '1', 'on', 'yes', 'y']
const FALSE = ['false', 'f', '0', 'off', 'no', 'n']

/** A word for true or false as oslo.utils knows them; undefined for any other. */
export const wordAsBoolean = (word: string): boolean | undefined => {
  const small = word.trim().toLowerCase()
  return TRUE.includes(small) ? true : FALSE.includes(small) ? false : undefined
}

/** true, false, or a word for one of them. */
export const looseBoolean = () =>
  z.union([z.boolean(), z.string()]).transform((value, issues) => {
    const known = typeof value === 'boolean' ? value : wordAsBoolean(value)
    if (known !== undefined) return known
    issues.addIssue({ code: 'custom', message: 'must be true or false' })
    return z.NEVER
  })

/** A whole number, or its digits in a string. */
export const looseInt = (min: number, max = MAX_INT) =>
  z
    .union([z.number(), z.string().regex(/^-?[0-9]{1,12}$/, 'must be a whole number')])
    .transform(Number)
    .pipe(z.int().min(min).max(max))

/** Printable characters, no blanks at either end. */
export const resourceName = () =>
  z
    .string()
    .min(1)
    .max(255)
    .regex(
      /^(?!\p{Z})[^\p{C}\p{Zl}\p{Zp}]+(?<!\p{Z})$/u,
      'must be printable characters, with no blanks at the start or end',
    )

/** Printable characters, or nothing. */
export const description = (max: number) =>
  z
    .string()
    .max(max)
    .regex(/^[^\p{Cc}\p{Cs}\p{Zl}\p{Zp}]*$/u, 'must be printable characters')

/** Key of server metadata and of flavor extra specs. */
export const METADATA_KEY = /^[a-zA-Z0-9\-_:. ]{1,255}$/
