import { z } from 'zod'
import { Metadata } from '../server/schema.ts'

/** nova/api/openstack/compute/schemas/server_metadata.py */
export const WholeMetadata = z.strictObject({ metadata: Metadata })
export const OneMetadatum = z.strictObject({
  meta: Metadata.refine(meta => Object.keys(meta).length === 1, { message: 'must hold exactly one item' }),
})
export const MetadataKey = z.object({ id: z.string().max(255), key: z.string().min(1).max(255) })
