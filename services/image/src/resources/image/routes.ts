import { type Route, route } from '@caelum/http'
import { z } from 'zod'
import { errors } from '../../errors.ts'
import { parseChanges, patchTypes } from './patch.ts'
import { CreateImage, ImageId, ImageReply, ImagesReply, ListImages, mediaType, STORE } from './schema.ts'
import type { ImageService } from './service.ts'
import { viewImage, viewImages } from './view.ts'

export const imageRoutes = (images: ImageService): Route[] => [
  route({
    operation: 'image:images:list',
    method: 'GET',
    path: '/v2/images',
    summary: 'List the images that the caller can see',
    query: ListImages,
    reply: ImagesReply,
    async handle(ctx, { query, request }) {
      const found = await images.list(ctx, query)
      return viewImages(found.images, found.limit, request.url)
    },
  }),
  route({
    operation: 'image:images:create',
    method: 'POST',
    path: '/v2/images',
    summary: 'Register an image; its data is uploaded afterwards',
    body: CreateImage,
    reply: ImageReply,
    status: 201,
    async handle(ctx, { body }, reply) {
      const image = await images.create(ctx, body)
      reply.header('location', `${ctx.baseUrl}/v2/images/${image.id}`)
      reply.header('openstack-image-store-ids', STORE)
      return viewImage(image)
    },
  }),
  route({
    operation: 'image:images:show',
    method: 'GET',
    path: '/v2/images/:image_id',
    summary: 'Show an image',
    params: ImageId,
    reply: ImageReply,
    handle: async (ctx, { params }) => viewImage(await images.get(ctx, params.image_id)),
  }),
  route({
    operation: 'image:images:update',
    method: 'PATCH',
    path: '/v2/images/:image_id',
    summary: 'Change attributes and properties by a JSON patch',
    params: ImageId,
    body: z.unknown(),
    reply: ImageReply,
    async handle(ctx, { params, body, request }) {
      const dialect = patchTypes.get(mediaType(request.headers['content-type']))
      if (!dialect)
        throw errors.unsupportedType(
          `Image PATCH expects Content-Type one of: ${[...patchTypes.keys()].join(', ')}`,
        )
      return viewImage(await images.update(ctx, params.image_id, parseChanges(body, dialect), dialect))
    },
  }),
  route({
    operation: 'image:images:delete',
    method: 'DELETE',
    path: '/v2/images/:image_id',
    summary: 'Delete an image and its data',
    params: ImageId,
    status: 204,
    handle: (ctx, { params }) => images.remove(ctx, params.image_id),
  }),
  ...(['deactivate', 'reactivate'] as const).map(verb =>
    route({
      operation: `image:images:${verb}`,
      method: 'POST',
      path: `/v2/images/:image_id/actions/${verb}`,
      summary: verb === 'deactivate' ? 'Forbid the use of the data' : 'Allow the use of the data again',
      params: ImageId,
      status: 204,
      handle: (ctx, { params }) => images.setDeactivated(ctx, params.image_id, verb === 'deactivate'),
    }),
  ),
]
