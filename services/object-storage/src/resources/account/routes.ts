import { type Route, route } from '@caelum/http'
import type { FastifyReply } from 'fastify'
import { constraints, STORAGE_POLICY } from '../../constraints.ts'
import { formatOf, ListingParameters, listingQuery } from '../../listing/query.ts'
import { sendListing } from '../../listing/render.ts'
import { metadataHeaders, metadataOf } from '../../metadata.ts'
import { targetOf } from '../../target.ts'
import { listedTime, swiftTimestamp } from '../../timestamp.ts'
import type { Account, AccountService, ListedContainer } from './service.ts'

const path = '/v1/:account'

export const accountRoutes = (accounts: AccountService): Route[] => [
  route({
    operation: 'object-storage:accounts:head',
    method: 'HEAD',
    path,
    summary: 'How much there is in an account',
    access: 'optional',
    async handle(ctx, { request }, reply) {
      const { projectId } = targetOf(request.raw.url ?? '')
      describe(reply, await accounts.get(ctx, 'object-storage:accounts:head', projectId), ctx.clock.now())
      return reply.code(204).type('text/plain; charset=utf-8').send()
    },
  }),
  route({
    operation: 'object-storage:accounts:show',
    method: 'GET',
    path,
    summary: 'List the containers of an account',
    access: 'optional',
    query: ListingParameters,
    async handle(ctx, { query, request }, reply) {
      const { projectId } = targetOf(request.raw.url ?? '')
      const account = await accounts.get(ctx, 'object-storage:accounts:show', projectId)
      const listing = listingQuery(query, constraints.account_listing_limit)
      const entries = await accounts.list(account.project_id, listing)
      describe(reply, account, ctx.clock.now())
      const outer = { element: 'account', name: `AUTH_${account.project_id}`, row: 'container' }
      return sendListing(reply, formatOf(query, request.headers.accept), entries, outer, viewContainer)
    },
  }),
  route({
    operation: 'object-storage:accounts:update',
    method: 'POST',
    path,
    summary: 'Change the metadata of an account',
    access: 'optional',
    stream: true,
    async handle(ctx, { request }, reply) {
      const { projectId } = targetOf(request.raw.url ?? '')
      await accounts.update(ctx, projectId, metadataOf('account', request.headers))
      return reply.code(204).type('text/plain; charset=utf-8').send()
    },
  }),
]

function describe(reply: FastifyReply, account: Account, now: Date): void {
  const usage = {
    'container-count': account.containers,
    'object-count': account.objects,
    'bytes-used': account.bytes,
  }
  const prefixed = (prefix: string) =>
    Object.fromEntries(Object.entries(usage).map(([name, value]) => [`${prefix}-${name}`, value]))
  reply.headers({
    ...prefixed('x-account'),
    ...(account.containers > 0 ? prefixed(`x-account-storage-policy-${STORAGE_POLICY.toLowerCase()}`) : {}),
    'x-timestamp': swiftTimestamp(account.created_at ?? now),
    'accept-ranges': 'bytes',
    ...metadataHeaders('account', account.metadata),
  })
}

const viewContainer = (row: ListedContainer) => ({
  name: row.name,
  count: Number(row.object_count),
  bytes: Number(row.bytes_used),
  last_modified: listedTime(row.updated_at),
})
