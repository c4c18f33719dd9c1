import { type Route, route } from '@caelum/http'
import { errors } from '../../errors.ts'
import {
  AggregateAction,
  AggregateId,
  AggregateReply,
  AggregatesReply,
  CacheImages,
  CreateAggregate,
  CreatedAggregateReply,
  UpdateAggregate,
} from './schema.ts'
import type { AggregateService } from './service.ts'
import { viewAggregate, viewCreatedAggregate } from './view.ts'

export const aggregateRoutes = (aggregates: AggregateService): Route[] => [
  route({
    operation: 'compute:aggregates:list',
    method: 'GET',
    path: '/v2.1/os-aggregates',
    summary: 'List aggregates of hosts',
    reply: AggregatesReply,
    handle: async ctx => ({
      aggregates: (await aggregates.list()).map(row => viewAggregate(row, ctx.microversion)),
    }),
  }),
  route({
    operation: 'compute:aggregates:create',
    method: 'POST',
    path: '/v2.1/os-aggregates',
    summary: 'Make an aggregate, which may be an availability zone',
    body: CreateAggregate,
    reply: CreatedAggregateReply,
    handle: async (ctx, { body }) => ({
      aggregate: viewCreatedAggregate(await aggregates.create(ctx, body.aggregate), ctx.microversion),
    }),
  }),
  route({
    operation: 'compute:aggregates:show',
    method: 'GET',
    path: '/v2.1/os-aggregates/:id',
    summary: 'Show an aggregate',
    params: AggregateId,
    reply: AggregateReply,
    handle: async (ctx, { params }) => ({
      aggregate: viewAggregate(await aggregates.get(Number(params.id)), ctx.microversion),
    }),
  }),
  route({
    operation: 'compute:aggregates:update',
    method: 'PUT',
    path: '/v2.1/os-aggregates/:id',
    summary: 'Rename an aggregate, or give it another availability zone',
    params: AggregateId,
    body: UpdateAggregate,
    reply: AggregateReply,
    handle: async (ctx, { params, body }) => ({
      aggregate: viewAggregate(
        await aggregates.update(ctx, Number(params.id), body.aggregate),
        ctx.microversion,
      ),
    }),
  }),
  route({
    operation: 'compute:aggregates:delete',
    method: 'DELETE',
    path: '/v2.1/os-aggregates/:id',
    summary: 'Delete an aggregate that has no hosts',
    params: AggregateId,
    handle: (_ctx, { params }) => aggregates.remove(Number(params.id)),
  }),
  route({
    operation: 'compute:aggregates:action',
    method: 'POST',
    path: '/v2.1/os-aggregates/:id/action',
    summary: 'Add a host, remove a host, or set metadata',
    params: AggregateId,
    body: AggregateAction,
    reply: AggregateReply,
    handle: async (ctx, { params, body }) => ({
      aggregate: viewAggregate(await aggregates.act(ctx, Number(params.id), body), ctx.microversion),
    }),
  }),
  route({
    operation: 'compute:aggregates:images',
    method: 'POST',
    path: '/v2.1/os-aggregates/:id/images',
    summary: 'Bring images to hosts before they are needed; not possible yet',
    since: 81,
    params: AggregateId,
    body: CacheImages,
    async handle(_ctx, { params }) {
      await aggregates.get(Number(params.id))
      throw errors.imageCaching()
    },
  }),
]
