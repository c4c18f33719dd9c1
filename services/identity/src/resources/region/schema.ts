import { z } from 'zod'
import { description, idText, page } from '../../collection.ts'

const fields = { description: description.optional(), parent_region_id: idText.nullable().optional() }

export const CreateRegion = z.looseObject({ id: idText.optional(), ...fields })
export type CreateRegion = z.output<typeof CreateRegion>

export const ChangeRegion = z.looseObject(fields)
export type ChangeRegion = z.output<typeof ChangeRegion>

export const ListRegions = z.object({ parent_region_id: idText.optional(), ...page })
export type ListRegions = z.output<typeof ListRegions>

export const RegionReply = z.object({
  region: z.object({ id: z.string(), description: z.string(), parent_region_id: z.string().nullable() }),
})
