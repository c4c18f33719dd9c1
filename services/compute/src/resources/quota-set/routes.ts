import { type Route, route } from '@caelum/http'
import { errors } from '../../errors.ts'
import {
  givenLimits,
  QuotaClassSetReply,
  QuotaDetailReply,
  QuotaOwner,
  QuotaQuery,
  QuotaSetReply,
  UpdateQuotaClassSet,
  UpdateQuotaSet,
} from './schema.ts'
import type { QuotaService } from './service.ts'
import { viewQuotaClassSet, viewQuotaDetail, viewQuotaSet } from './view.ts'

/** Limits are a project's; `user_id` reads and resets the same ones, and setting them for a user is refused. */
export const quotaRoutes = (quotas: QuotaService): Route[] => [
  route({
    operation: 'compute:quota_sets:show',
    method: 'GET',
    path: '/v2.1/os-quota-sets/:id',
    summary: 'Show the limits of a project',
    params: QuotaOwner,
    query: QuotaQuery,
    reply: QuotaSetReply,
    async handle(ctx, { params }) {
      const { limits } = await quotas.get(ctx, 'compute:quota_sets:show', params.id)
      return { quota_set: { id: params.id, ...viewQuotaSet(limits, ctx.microversion) } }
    },
  }),
  route({
    operation: 'compute:quota_sets:detail',
    method: 'GET',
    path: '/v2.1/os-quota-sets/:id/detail',
    summary: 'Show the limits of a project and what it uses',
    params: QuotaOwner,
    query: QuotaQuery,
    reply: QuotaDetailReply,
    async handle(ctx, { params }) {
      const quota = await quotas.get(ctx, 'compute:quota_sets:detail', params.id)
      return { quota_set: { id: params.id, ...viewQuotaDetail(quota, ctx.microversion) } }
    },
  }),
  route({
    operation: 'compute:quota_sets:defaults',
    method: 'GET',
    path: '/v2.1/os-quota-sets/:id/defaults',
    summary: 'Show the limits of a project that has none of its own',
    params: QuotaOwner,
    reply: QuotaSetReply,
    async handle(ctx, { params }) {
      const limits = await quotas.limitsOfClass('default')
      return { quota_set: { id: params.id, ...viewQuotaSet(limits, ctx.microversion) } }
    },
  }),
  route({
    operation: 'compute:quota_sets:update',
    method: 'PUT',
    path: '/v2.1/os-quota-sets/:id',
    summary: 'Set limits of a project; -1 means none',
    params: QuotaOwner,
    query: QuotaQuery,
    body: UpdateQuotaSet,
    reply: QuotaSetReply,
    async handle(ctx, { params, query, body }) {
      if (query.user_id !== undefined) throw errors.userQuota()
      const { force, ...wanted } = body.quota_set
      const limits = await quotas.update(params.id, givenLimits(wanted), force)
      return { quota_set: viewQuotaSet(limits, ctx.microversion) }
    },
  }),
  route({
    operation: 'compute:quota_sets:delete',
    method: 'DELETE',
    path: '/v2.1/os-quota-sets/:id',
    summary: 'Give a project the default limits again',
    params: QuotaOwner,
    query: QuotaQuery,
    status: 202,
    async handle(_ctx, { params, query }) {
      if (query.user_id === undefined) await quotas.remove(params.id)
    },
  }),
  route({
    operation: 'compute:quota_class_sets:show',
    method: 'GET',
    path: '/v2.1/os-quota-class-sets/:id',
    summary: 'Show the limits of a quota class; `default` is the one that counts',
    params: QuotaOwner,
    reply: QuotaClassSetReply,
    async handle(ctx, { params }) {
      const limits = await quotas.limitsOfClass(params.id)
      return { quota_class_set: { id: params.id, ...viewQuotaClassSet(limits, ctx.microversion) } }
    },
  }),
  route({
    operation: 'compute:quota_class_sets:update',
    method: 'PUT',
    path: '/v2.1/os-quota-class-sets/:id',
    summary: 'Set limits of a quota class',
    params: QuotaOwner,
    body: UpdateQuotaClassSet,
    reply: QuotaClassSetReply,
    async handle(ctx, { params, body }) {
      const limits = await quotas.updateClass(params.id, givenLimits(body.quota_class_set))
      return { quota_class_set: viewQuotaClassSet(limits, ctx.microversion) }
    },
  }),
]
