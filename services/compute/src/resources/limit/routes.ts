import { authorize, type Route, route } from '@caelum/http'
import { projectOf } from '@caelum/kernel'
import { policy } from '../../policy.ts'
import type { QuotaService } from '../quota-set/service.ts'
import { LimitsReply, ListLimits } from './schema.ts'
import { viewLimits } from './view.ts'

export const limitRoutes = (quotas: QuotaService): Route[] => [
  route({
    operation: 'compute:limits:show',
    method: 'GET',
    path: '/v2.1/limits',
    summary: 'What the project may use, and what it uses',
    query: ListLimits,
    reply: LimitsReply,
    async handle(ctx, { query }) {
      if (query.tenant_id !== undefined) authorize(policy, ctx, 'compute:limits:show_other_project')
      const projectId = query.tenant_id ?? projectOf(ctx.caller) ?? ''
      return viewLimits(await quotas.get(ctx, 'compute:limits:show', projectId), ctx.microversion)
    },
  }),
]
