import { problems } from '@caelum/kernel'
import type { z } from 'zod'
import type { Schema } from './route.ts'

/** @throws Problem 400 that names each wrong field */
export function validate<Z extends z.ZodType>(schema: Z, value: unknown, where: string): z.output<Z> {
  const parsed = schema.safeParse(value)
  if (parsed.success) return parsed.data
  const lines = parsed.error.issues.slice(0, 5).map(issue => {
    const path = issue.path.map(String).join('.')
    return path ? `${path}: ${issue.message}` : issue.message
  })
  throw problems.badRequest(`Invalid input for ${where}: ${lines.join('; ')}`.slice(0, 1_000))
}

/** Schemas compile themselves when they are first used, which costs more than a hundred uses: each is made once. */
const made = new WeakMap<object, Map<number, z.ZodType>>()

export function schemaFor<Z extends z.ZodType>(schema: Schema<Z>, microversion: number): Z {
  if (typeof schema !== 'function') return schema
  const versions = made.get(schema) ?? new Map<number, z.ZodType>()
  made.set(schema, versions)
  const known = (versions.get(microversion) as Z | undefined) ?? schema(microversion)
  versions.set(microversion, known)
  return known
}
