import { type Route, route } from '@caelum/http'
import { z } from 'zod'
import { byId, viewPage } from '../../collection.ts'
import {
  ChangeRegisteredLimit,
  CreateRegisteredLimits,
  ListRegisteredLimits,
  RegisteredLimitReply,
  RegisteredLimitsReply,
} from './schema.ts'
import type { RegisteredLimitService } from './service.ts'
import { viewRegisteredLimit } from './view.ts'

/** keystone/api/registered_limits.py: made several at a time, unlike the other collections. */
export const registeredLimitRoutes = (limits: RegisteredLimitService): Route[] => [
  route({
    operation: 'identity:registered_limits:create',
    method: 'POST',
    path: '/v3/registered_limits',
    summary: 'Create registered limits',
    body: CreateRegisteredLimits,
    reply: RegisteredLimitsReply,
    status: 201,
    async handle(ctx, { body }) {
      const rows = await limits.create(ctx, body.registered_limits)
      return { registered_limits: rows.map(row => viewRegisteredLimit(ctx, row)) }
    },
  }),
  route({
    operation: 'identity:registered_limits:list',
    method: 'GET',
    path: '/v3/registered_limits',
    summary: 'List registered limits',
    query: ListRegisteredLimits,
    async handle(ctx, { query, request }) {
      const rows = await limits.list(ctx, query)
      return viewPage(
        ctx,
        request,
        { name: 'registered_limits', rows, limit: query.limit },
        viewRegisteredLimit,
      )
    },
  }),
  route({
    operation: 'identity:registered_limits:show',
    method: 'GET',
    path: '/v3/registered_limits/:id',
    summary: 'Show a registered limit',
    params: byId,
    reply: RegisteredLimitReply,
    async handle(ctx, { params }) {
      return { registered_limit: viewRegisteredLimit(ctx, await limits.get(ctx, params.id)) }
    },
  }),
  route({
    operation: 'identity:registered_limits:update',
    method: 'PATCH',
    path: '/v3/registered_limits/:id',
    summary: 'Change a registered limit that no limit leans on',
    params: byId,
    body: z.strictObject({ registered_limit: ChangeRegisteredLimit }),
    reply: RegisteredLimitReply,
    async handle(ctx, { params, body }) {
      const row = await limits.update(ctx, params.id, body.registered_limit)
      return { registered_limit: viewRegisteredLimit(ctx, row) }
    },
  }),
  route({
    operation: 'identity:registered_limits:delete',
    method: 'DELETE',
    path: '/v3/registered_limits/:id',
    summary: 'Delete a registered limit that no limit leans on',
    params: byId,
    status: 204,
    handle: (ctx, { params }) => limits.remove(ctx, params.id),
  }),
]
