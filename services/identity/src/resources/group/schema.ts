import { z } from 'zod'
import { description, idText, nameQuery, nonBlank, page } from '../../collection.ts'

const fields = { description: description.optional(), domain_id: idText.nullable().optional() }

export const CreateGroup = z.looseObject({ name: nonBlank(64), ...fields })
export type CreateGroup = z.output<typeof CreateGroup>

export const ChangeGroup = z.looseObject({ name: nonBlank(64).optional(), ...fields })
export type ChangeGroup = z.output<typeof ChangeGroup>

export const ListGroups = z.object({ ...nameQuery, domain_id: idText.optional(), ...page })
export type ListGroups = z.output<typeof ListGroups>

export const GroupUser = z.object({ id: idText, user_id: idText })

export const GroupReply = z.object({
  group: z.object({ id: z.string(), name: z.string(), domain_id: z.string(), description: z.string() }),
})
