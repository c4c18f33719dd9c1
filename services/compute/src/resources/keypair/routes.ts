import { nextLink, type Route, route } from '@caelum/http'
import {
  CreateKeypair,
  KeypairName,
  KeypairReply,
  KeypairsReply,
  ListKeypairs,
  OneKeypair,
} from './schema.ts'
import type { KeypairService } from './service.ts'
import { viewCreated, viewListed, viewShown } from './view.ts'

/** Statuses changed with 2.2: create answers 201 instead of 200, delete 204 instead of 202. */
export const keypairRoutes = (keypairs: KeypairService): Route[] => [
  route({
    operation: 'compute:keypairs:list',
    method: 'GET',
    path: '/v2.1/os-keypairs',
    summary: 'List the key pairs of a user',
    query: ListKeypairs,
    reply: KeypairsReply,
    async handle(ctx, { query, request }) {
      const rows = await keypairs.list(ctx, query)
      const last = rows.at(-1)
      const more = query.limit && rows.length === query.limit && last
      return {
        keypairs: rows.map(row => viewListed(row, ctx.microversion)),
        ...(more
          ? { keypairs_links: [{ rel: 'next', href: nextLink(request, ctx.baseUrl, last.name) }] }
          : {}),
      }
    },
  }),
  route({
    operation: 'compute:keypairs:create',
    method: 'POST',
    path: '/v2.1/os-keypairs',
    summary: 'Import a public key, or make a key pair (until 2.91)',
    body: CreateKeypair,
    reply: KeypairReply,
    async handle(ctx, { body }, reply) {
      const { row, privateKey } = await keypairs.create(ctx, body.keypair)
      reply.code(ctx.microversion >= 2 ? 201 : 200)
      return viewCreated(row, ctx.microversion, privateKey)
    },
  }),
  route({
    operation: 'compute:keypairs:show',
    method: 'GET',
    path: '/v2.1/os-keypairs/:name',
    summary: 'Show a key pair',
    params: KeypairName,
    query: OneKeypair,
    reply: KeypairReply,
    async handle(ctx, { params, query }) {
      return viewShown(await keypairs.get(ctx, params.name, query.user_id), ctx.microversion)
    },
  }),
  route({
    operation: 'compute:keypairs:delete',
    method: 'DELETE',
    path: '/v2.1/os-keypairs/:name',
    summary: 'Delete a key pair',
    params: KeypairName,
    query: OneKeypair,
    status: 204,
    async handle(ctx, { params, query }, reply) {
      await keypairs.remove(ctx, params.name, query.user_id)
      reply.code(ctx.microversion >= 2 ? 204 : 202)
    },
  }),
]
