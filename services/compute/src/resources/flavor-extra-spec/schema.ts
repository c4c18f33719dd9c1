import { z } from 'zod'
import { METADATA_KEY } from '../../fields.ts'

/** Numbers are taken as their digits (nova/api/openstack/compute/schemas/flavors_extraspecs.py). */
const specs = z.record(
  z.string().regex(METADATA_KEY, 'may hold letters, digits, blanks, and - _ : .'),
  z.union([z.string(), z.number()]).transform(String).pipe(z.string().max(255)),
)

export const CreateExtraSpecs = z.strictObject({ extra_specs: specs })
export const UpdateExtraSpec = specs.refine(body => Object.keys(body).length === 1, {
  message: 'must hold exactly one extra spec',
})

export const ExtraSpecKey = z.object({ id: z.string().min(1).max(255), key: z.string().min(1).max(255) })
export const ExtraSpecsReply = z.object({ extra_specs: z.record(z.string(), z.string()) })
export const ExtraSpecReply = z.record(z.string(), z.string())
