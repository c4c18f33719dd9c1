import { lengthOf } from '@caelum/blob'
import { type Route, route } from '@caelum/http'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { errors } from '../../errors.ts'
import type { FileService } from './file-service.ts'
import { ImageId, mediaType, STORE } from './schema.ts'
import type { Image } from './store.ts'

const path = '/v2/images/:image_id/file'

export const fileRoutes = (files: FileService): Route[] => [
  route({
    operation: 'image:files:upload',
    method: 'PUT',
    path,
    summary: 'Upload the data of a queued image',
    params: ImageId,
    stream: true,
    status: 204,
    async handle(ctx, { params, request }) {
      if (mediaType(request.headers['content-type']) !== 'application/octet-stream')
        throw errors.unsupportedType('The data of an image is sent as application/octet-stream.')
      const store = request.headers['x-image-meta-store']
      if (store !== undefined && store !== STORE) throw errors.badRequest(`Store '${store}' does not exist.`)
      await files.upload(ctx, params.image_id, request.raw, announcedSize(request))
    },
  }),
  route({
    operation: 'image:files:download',
    method: 'GET',
    path,
    summary: 'Download the data of an image, or a range of it',
    params: ImageId,
    async handle(ctx, { params, request }, reply) {
      const found = await files.download(ctx, params.image_id, request.headers.range)
      if (!found) return reply.code(204).send()
      const { image, size, part, body } = found
      describe(reply, image)
      if (part === 'unsatisfiable') {
        reply.header('content-range', `bytes */${size}`)
        throw errors.rangeUnsatisfiable(size)
      }
      if (part) reply.code(206).header('content-range', `bytes ${part.start}-${part.end}/${size}`)
      reply.header('content-length', part ? lengthOf(part) : size)
      return reply.type('application/octet-stream').send(body)
    },
  }),
  route({
    operation: 'image:files:head',
    method: 'HEAD',
    path,
    summary: 'Size and checksum of the data of an image',
    params: ImageId,
    async handle(ctx, { params }, reply) {
      const image = await files.describe(ctx, 'image:files:head', params.image_id)
      if (!image) return reply.code(204).send()
      describe(reply, image)
      return reply.type('application/octet-stream').header('content-length', Number(image.size_bytes)).send()
    },
  }),
]

/** glance sends the md5 in hexadecimal as Content-MD5, and clients compare it. */
function describe(reply: FastifyReply, image: Image): void {
  reply.header('accept-ranges', 'bytes')
  if (image.md5) reply.header('content-md5', image.md5).header('etag', `"${image.md5}"`)
}

function announcedSize(request: FastifyRequest): number | undefined {
  const header = request.headers['content-length'] ?? request.headers['x-openstack-image-size']
  if (header === undefined) return undefined
  if (!/^\d{1,15}$/.test(String(header)))
    throw errors.badRequest('Invalid or missing image size in request headers.')
  return request.headers['content-length'] === undefined ? undefined : Number(header)
}
