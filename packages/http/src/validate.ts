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

export const schemaFor = <Z extends z.ZodType>(schema: Schema<Z>, microversion: number): Z =>
  typeof schema === 'function' ? schema(microversion) : schema
