import { type Route, route } from '@caelum/http'
import type { FastifyReply } from 'fastify'
import { constraints, STORAGE_POLICY } from '../../constraints.ts'
import { formatOf, ListingParameters, listingQuery } from '../../listing/query.ts'
import { sendListing } from '../../listing/render.ts'
import { metadataHeaders, toHeader } from '../../metadata.ts'
import { targetOf } from '../../target.ts'
import { httpDate, listedTime, swiftTimestamp } from '../../timestamp.ts'
import type { ListedObject, ObjectService } from '../object/service.ts'
import type { Container, ContainerService } from './service.ts'

const path = '/v1/:account/:container'

export const containerRoutes = (containers: ContainerService, objects: ObjectService): Route[] => [
  route({
    operation: 'object-storage:containers:head',
    method: 'HEAD',
    path,
    summary: 'How much there is in a container',
    access: 'optional',
    async handle(ctx, { request }, reply) {
      const target = targetOf(request.raw.url ?? '')
      const referrer = request.headers.referer
      const container = await containers.open(ctx, 'object-storage:containers:head', target, 'list', referrer)
      describe(reply, container, containers.isOwner(ctx, container))
      return reply.code(204).type('text/plain; charset=utf-8').send()
    },
  }),
  route({
    operation: 'object-storage:containers:show',
    method: 'GET',
    path,
    summary: 'List the objects of a container',
    access: 'optional',
    query: ListingParameters,
    async handle(ctx, { query, request }, reply) {
      const target = targetOf(request.raw.url ?? '')
      const referrer = request.headers.referer
      const container = await containers.open(ctx, 'object-storage:containers:show', target, 'list', referrer)
      const listing = listingQuery(query, constraints.container_listing_limit)
      const entries = await objects.list(ctx, container, listing)
      describe(reply, container, containers.isOwner(ctx, container))
      const outer = { element: 'container', name: container.name, row: 'object' }
      return sendListing(reply, formatOf(query, request.headers.accept), entries, outer, viewObject)
    },
  }),
  ...(['PUT', 'POST'] as const).map(method => {
    const operation = `object-storage:containers:${method === 'PUT' ? 'create' : 'update'}`
    return route({
      operation,
      method,
      path,
      summary:
        method === 'PUT' ? 'Make a container, or change it' : 'Change metadata and ACLs of a container',
      access: 'optional',
      stream: true,
      async handle(ctx, { request }, reply) {
        const target = targetOf(request.raw.url ?? '')
        const outcome = await containers.change(ctx, operation, target, request.headers, method === 'PUT')
        const status = outcome === 'created' ? 201 : method === 'PUT' ? 202 : 204
        return reply.code(status).type('text/plain; charset=utf-8').send()
      },
    })
  }),
  route({
    operation: 'object-storage:containers:delete',
    method: 'DELETE',
    path,
    summary: 'Delete an empty container',
    access: 'optional',
    stream: true,
    async handle(ctx, { request }, reply) {
      await containers.remove(ctx, targetOf(request.raw.url ?? ''))
      return reply.code(204).type('text/plain; charset=utf-8').send()
    },
  }),
]

function describe(reply: FastifyReply, container: Container, owner: boolean): void {
  reply.headers({
    'x-container-object-count': Number(container.object_count),
    'x-container-bytes-used': Number(container.bytes_used),
    'x-timestamp': swiftTimestamp(container.created_at),
    'last-modified': httpDate(container.updated_at),
    'accept-ranges': 'bytes',
    'x-storage-policy': STORAGE_POLICY,
    ...metadataHeaders('container', container.metadata),
  })
  if (owner && container.read_acl) reply.header('x-container-read', toHeader(container.read_acl))
  if (owner && container.write_acl) reply.header('x-container-write', toHeader(container.write_acl))
}

const viewObject = (row: ListedObject) => ({
  name: row.name,
  hash: row.md5,
  bytes: Number(row.bytes),
  content_type: row.content_type,
  last_modified: listedTime(row.updated_at),
})
