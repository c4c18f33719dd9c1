import { z } from 'zod'
import { description, flag, idText, nameQuery, nonBlank, page } from '../../collection.ts'
import { LONGEST_PASSWORD } from '../../password/hasher.ts'

const Password = z.string().min(1).max(LONGEST_PASSWORD)

const isSet = (items: readonly string[]): boolean => new Set(items).size === items.length

/** keystone/identity/backends/resource_options.py */
const flagOption = z.boolean().nullable().optional()
const Options = z.strictObject({
  ignore_change_password_upon_first_use: flagOption,
  ignore_password_expiry: flagOption,
  ignore_lockout_failure_attempts: flagOption,
  ignore_user_inactivity: flagOption,
  lock_password: flagOption,
  multi_factor_auth_enabled: flagOption,
  multi_factor_auth_rules: z
    .array(z.array(z.string().max(64)).min(1).max(10).refine(isSet, 'names a method twice'))
    .max(20)
    .refine(rules => isSet(rules.map(rule => JSON.stringify(rule))), 'names a rule twice')
    .nullable()
    .optional(),
})

const fields = {
  description: description.optional(),
  enabled: z.boolean().optional(),
  domain_id: idText.nullable().optional(),
  default_project_id: idText.nullable().optional(),
  /** null: the user cannot log in by password */
  password: Password.nullable().optional(),
  options: Options.optional(),
}

export const CreateUser = z.looseObject({ name: nonBlank(255), ...fields })
export type CreateUser = z.output<typeof CreateUser>

export const ChangeUser = z.looseObject({ name: nonBlank(255).optional(), ...fields })
export type ChangeUser = z.output<typeof ChangeUser>

const COMPARISONS = { lt: 'lt', lte: 'lte', gt: 'gt', gte: 'gte', eq: 'equals', neq: 'not' } as const

/** `lt:2026-01-31T12:00:00Z`: keystone/identity/core.py, _translate_expired_password_hints. */
const ExpiresAt = z
  .string()
  .max(64)
  .transform((text, context) => {
    const [, name = 'eq', time = ''] = /^(?:(\w{2,3}):)?(\d{4}-.+)$/.exec(text) ?? []
    const at = new Date(/(Z|[+-]\d\d:?\d\d)$/.test(time) ? time : `${time}Z`)
    if (Object.hasOwn(COMPARISONS, name) && !Number.isNaN(at.getTime()))
      return { [COMPARISONS[name as keyof typeof COMPARISONS]]: at }
    context.addIssue({ code: 'custom', message: 'must be a time, as in lt:2026-01-31T12:00:00Z' })
    return z.NEVER
  })

export const ListUsers = z.object({
  password_expires_at: ExpiresAt.optional(),
  ...nameQuery,
  domain_id: idText.optional(),
  idp_id: idText.optional(),
  protocol_id: idText.optional(),
  unique_id: idText.optional(),
  enabled: flag.optional(),
  ...page,
})
export type ListUsers = z.output<typeof ListUsers>

export const ChangePassword = z.object({
  user: z.object({ original_password: z.string().min(1).max(LONGEST_PASSWORD), password: Password }),
})
export type ChangePassword = z.output<typeof ChangePassword>['user']

export const UserReply = z.object({
  user: z.object({ id: z.string(), name: z.string(), domain_id: z.string(), enabled: z.boolean() }),
})
