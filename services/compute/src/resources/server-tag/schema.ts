import { z } from 'zod'
import { tag } from '../server/schema.ts'

/** nova/objects/instance.py, MAX_TAG_COUNT */
export const MAX_TAGS = 50

export const Tags = z.strictObject({ tags: z.array(tag).max(MAX_TAGS) })
export const OneTag = z.object({ id: z.string().max(255), tag: z.string().min(1).max(255) })
export const NewTag = z.object({ id: z.string().max(255), tag })
