import { z } from 'zod'
import { description, flag, idText, nameQuery, nonBlank, page } from '../../collection.ts'
import { LONGEST_PASSWORD } from '../../password/hasher.ts'

const Password = z.string().min(1).max(LONGEST_PASSWORD)

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
    .array(z.array(z.string().max(64)).max(10))
    .max(20)
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

export const ListUsers = z.object({
  ...nameQuery,
  domain_id: idText.optional(),
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
