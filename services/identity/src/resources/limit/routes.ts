import { type Route, route } from '@caelum/http'
import { z } from 'zod'
import { byId, viewPage } from '../../collection.ts'
import { ChangeLimit, CreateLimits, LimitReply, LimitsReply, ListLimits, ModelReply } from './schema.ts'
import type { LimitService } from './service.ts'
import { viewLimit } from './view.ts'

/** keystone/api/limits.py */
export const limitRoutes = (limits: LimitService): Route[] => [
  route({
    operation: 'identity:limits:model',
    method: 'GET',
    path: '/v3/limits/model',
    summary: 'Show how limits of domains and projects go together',
    reply: ModelReply,
    handle: () => ({ model: limits.model() }),
  }),
  route({
    operation: 'identity:limits:create',
    method: 'POST',
    path: '/v3/limits',
    summary: 'Create limits of projects and domains',
    body: CreateLimits,
    reply: LimitsReply,
    status: 201,
    async handle(ctx, { body }) {
      const rows = await limits.create(ctx, body.limits)
      return { limits: rows.map(row => viewLimit(ctx, row)) }
    },
  }),
  route({
    operation: 'identity:limits:list',
    method: 'GET',
    path: '/v3/limits',
    summary: 'List limits',
    query: ListLimits,
    async handle(ctx, { query, request }) {
      const rows = await limits.list(ctx, query)
      return viewPage(ctx, request, { name: 'limits', rows, limit: query.limit }, viewLimit)
    },
  }),
  route({
    operation: 'identity:limits:show',
    method: 'GET',
    path: '/v3/limits/:id',
    summary: 'Show a limit',
    params: byId,
    reply: LimitReply,
    async handle(ctx, { params }) {
      return { limit: viewLimit(ctx, await limits.get(ctx, params.id)) }
    },
  }),
  route({
    operation: 'identity:limits:update',
    method: 'PATCH',
    path: '/v3/limits/:id',
    summary: 'Change a limit',
    params: byId,
    body: z.strictObject({ limit: ChangeLimit }),
    reply: LimitReply,
    async handle(ctx, { params, body }) {
      return { limit: viewLimit(ctx, await limits.update(ctx, params.id, body.limit)) }
    },
  }),
  route({
    operation: 'identity:limits:delete',
    method: 'DELETE',
    path: '/v3/limits/:id',
    summary: 'Delete a limit',
    params: byId,
    status: 204,
    handle: (ctx, { params }) => limits.remove(ctx, params.id),
  }),
]
