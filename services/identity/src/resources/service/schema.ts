import { z } from 'zod'
import { description, idText, nameQuery, nonBlank, page } from '../../collection.ts'

const fields = {
  name: z.string().max(255).nullable().optional(),
  description: description.optional(),
  enabled: z.boolean().optional(),
}

export const CreateService = z.looseObject({ type: nonBlank(255), ...fields })
export type CreateService = z.output<typeof CreateService>

export const ChangeService = z.looseObject({ type: nonBlank(255).optional(), ...fields })
export type ChangeService = z.output<typeof ChangeService>

export const ListServices = z.object({ ...nameQuery, type: idText.optional(), ...page })
export type ListServices = z.output<typeof ListServices>

export const ServiceReply = z.object({
  service: z.object({ id: z.string(), type: z.string(), enabled: z.boolean() }),
})
