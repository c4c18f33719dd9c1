import { type Route, route } from '@caelum/http'
import { problems } from '@caelum/kernel'
import { ServerId } from '../server/schema.ts'
import { MetadataKey, OneMetadatum, WholeMetadata } from './schema.ts'
import type { ServerMetadataService } from './service.ts'

export const serverMetadataRoutes = (metadata: ServerMetadataService): Route[] => [
  route({
    operation: 'compute:server_metadata:list',
    method: 'GET',
    path: '/v2.1/servers/:id/metadata',
    summary: 'List the metadata of a server',
    params: ServerId,
    reply: WholeMetadata,
    handle: async (ctx, { params }) => ({ metadata: await metadata.list(ctx, params.id) }),
  }),
  route({
    operation: 'compute:server_metadata:create',
    method: 'POST',
    path: '/v2.1/servers/:id/metadata',
    summary: 'Add or replace metadata of a server',
    params: ServerId,
    body: WholeMetadata,
    reply: WholeMetadata,
    handle: async (ctx, { params, body }) => ({
      metadata: await metadata.merge(ctx, params.id, body.metadata),
    }),
  }),
  route({
    operation: 'compute:server_metadata:update_all',
    method: 'PUT',
    path: '/v2.1/servers/:id/metadata',
    summary: 'Replace all metadata of a server',
    params: ServerId,
    body: WholeMetadata,
    reply: WholeMetadata,
    handle: async (ctx, { params, body }) => ({
      metadata: await metadata.replace(ctx, params.id, body.metadata),
    }),
  }),
  route({
    operation: 'compute:server_metadata:show',
    method: 'GET',
    path: '/v2.1/servers/:id/metadata/:key',
    summary: 'Show one item of the metadata of a server',
    params: MetadataKey,
    reply: OneMetadatum,
    handle: async (ctx, { params }) => ({ meta: await metadata.get(ctx, params.id, params.key) }),
  }),
  route({
    operation: 'compute:server_metadata:update',
    method: 'PUT',
    path: '/v2.1/servers/:id/metadata/:key',
    summary: 'Add or replace one item of the metadata of a server',
    params: MetadataKey,
    body: OneMetadatum,
    reply: OneMetadatum,
    async handle(ctx, { params, body }) {
      if (!Object.hasOwn(body.meta, params.key)) throw problems.badRequest('Request body and URI mismatch')
      await metadata.merge(ctx, params.id, body.meta)
      return { meta: body.meta }
    },
  }),
  route({
    operation: 'compute:server_metadata:delete',
    method: 'DELETE',
    path: '/v2.1/servers/:id/metadata/:key',
    summary: 'Remove one item of the metadata of a server',
    params: MetadataKey,
    status: 204,
    handle: (ctx, { params }) => metadata.remove(ctx, params.id, params.key),
  }),
]
