import { z } from 'zod'
import { description, idText, immutableOption, nameQuery, nonBlank, page } from '../../collection.ts'

const fields = {
  description: description.optional(),
  /** null: a global role */
  domain_id: idText.nullable().optional(),
  options: immutableOption.optional(),
}

export const CreateRole = z.looseObject({ name: nonBlank(255), ...fields })
export type CreateRole = z.output<typeof CreateRole>

export const ChangeRole = z.looseObject({ name: nonBlank(255).optional(), ...fields })
export type ChangeRole = z.output<typeof ChangeRole>

export const ListRoles = z.object({ ...nameQuery, domain_id: idText.optional(), ...page })
export type ListRoles = z.output<typeof ListRoles>

/** one of both */
export const RoleRef = z
  .strictObject({ id: idText.optional(), name: idText.optional() })
  .refine(it => (it.id === undefined) !== (it.name === undefined), 'either id or name must be present')
export type RoleRef = z.output<typeof RoleRef>

export const Implied = z.object({ id: idText, implied_id: idText })

export const RoleReply = z.object({
  role: z.object({
    id: z.string(),
    name: z.string(),
    domain_id: z.string().nullable(),
    description: z.string().nullable(),
  }),
})
