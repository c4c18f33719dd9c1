import { type Route, route } from '@caelum/http'
import { z } from 'zod'
import { text } from '../image/schema.ts'
import type { ImageService } from '../image/service.ts'

const Tag = z.object({ image_id: z.string().max(255), tag: text(255).min(1) })

/** A tag has no data besides its name: it is kept with the image. */
export const tagRoutes = (images: ImageService): Route[] => [
  route({
    operation: 'image:tags:add',
    method: 'PUT',
    path: '/v2/images/:image_id/tags/:tag',
    summary: 'Add a tag to an image',
    params: Tag,
    status: 204,
    handle: (ctx, { params }) => images.addTag(ctx, params.image_id, params.tag),
  }),
  route({
    operation: 'image:tags:remove',
    method: 'DELETE',
    path: '/v2/images/:image_id/tags/:tag',
    summary: 'Remove a tag from an image',
    params: Tag,
    status: 204,
    handle: (ctx, { params }) => images.removeTag(ctx, params.image_id, params.tag),
  }),
]
