/**
 * Microversion gates as data: a field says since and until when it exists, and the validator of a version is derived
 * from that. A gated field is optional in the type of the result, for it is absent in the other versions.
 */
import { z } from 'zod'

export interface Gate<Z extends z.ZodType = z.ZodType> {
  readonly gated: Z
  readonly since: number
  readonly until: number
}

/** The field exists from 2.`version` on. */
export const since = <Z extends z.ZodType>(version: number, schema: Z): Gate<Z> => ({
  gated: schema,
  since: version,
  until: Number.POSITIVE_INFINITY,
})

/** The field exists up to and including 2.`version`. */
export const until = <Z extends z.ZodType>(version: number, schema: Z): Gate<Z> => ({
  gated: schema,
  since: 0,
  until: version,
})

type Field = z.ZodType | Gate
type Fields = Readonly<Record<string, Field>>
type GatedKeys<F extends Fields> = { [K in keyof F]: F[K] extends Gate ? K : never }[keyof F]
type Plain<F extends Fields> = {
  [K in Exclude<keyof F, GatedKeys<F>>]: F[K] extends z.ZodType ? F[K] : never
}

/** What a validated object looks like, whatever the version. */
export type GatedOutput<F extends Fields> = z.output<z.ZodObject<Plain<F>>> & {
  [K in GatedKeys<F>]?: (F[K] extends Gate<infer Z> ? z.output<Z> : never) | undefined
}

/**
 * @param strictSince unknown fields are refused from this microversion on and ignored before; 0: always refused
 */
export function gatedObject<F extends Fields>(
  fields: F,
  strictSince = 0,
): (microversion: number) => z.ZodType<GatedOutput<F>> {
  const made = new Map<number, z.ZodType<GatedOutput<F>>>()
  return microversion => {
    const known = made.get(microversion)
    if (known) return known
    const shape: Record<string, z.ZodType> = {}
    for (const [name, field] of Object.entries(fields)) {
      if (!('gated' in field)) shape[name] = field
      else if (field.since <= microversion && microversion <= field.until) shape[name] = field.gated
    }
    const schema = microversion >= strictSince ? z.strictObject(shape) : z.object(shape)
    const typed = schema as unknown as z.ZodType<GatedOutput<F>>
    made.set(microversion, typed)
    return typed
  }
}
