import { type Route, route } from '@caelum/http'
import { projectOf } from '@caelum/kernel'
import { z } from 'zod'
import { project, wholeNumber } from '../../collection/field.ts'
import { quotaResources } from './limits.ts'
import type { QuotaService } from './service.ts'
import type { Limits } from './store.ts'

const Change = z.strictObject({
  quota: z.strictObject({
    ...Object.fromEntries(quotaResources.map(name => [name, wholeNumber(-1).optional()])),
    tenant_id: project.optional(),
    project_id: project.optional(),
  }),
})
const Params = z.object({ project_id: project })

/** neutron/extensions/quotasv2.py, quotasv2_detail.py */
export const quotaRoutes = (quotas: QuotaService): Route[] => {
  const base = '/v2.0/quotas'
  const read = { operation: 'network:quotas:show', method: 'GET', params: Params } as const
  return [
    route({
      operation: 'network:quotas:list',
      method: 'GET',
      path: base,
      summary: 'List projects with limits of their own',
      handle: async () => {
        const rows = await quotas.list()
        return { quotas: rows.map(row => ({ ...row, tenant_id: row.project_id })) }
      },
    }),
    route({
      operation: 'network:quotas:show',
      method: 'GET',
      path: `${base}/tenant`,
      summary: 'Which project the token is for',
      handle: ctx => ({ tenant: { tenant_id: projectOf(ctx.caller), project_id: projectOf(ctx.caller) } }),
    }),
    route({
      ...read,
      path: `${base}/:project_id`,
      summary: 'Show the limits of a project',
      handle: async (ctx, { params }) => ({ quota: await quotas.show(ctx, params.project_id) }),
    }),
    route({
      ...read,
      path: `${base}/:project_id/default`,
      summary: 'Show the limits that a project starts with',
      handle: (ctx, { params }) => ({ quota: quotas.defaults(ctx, params.project_id) }),
    }),
    ...['details', 'details.json'].map(last =>
      route({
        ...read,
        path: `${base}/:project_id/${last}`,
        summary: 'Show the limits of a project and what it uses',
        handle: async (ctx, { params }) => ({ quota: await quotas.details(ctx, params.project_id) }),
      }),
    ),
    route({
      operation: 'network:quotas:update',
      method: 'PUT',
      path: `${base}/:project_id`,
      summary: 'Change the limits of a project',
      params: Params,
      body: Change,
      async handle(_ctx, { params, body }) {
        const { tenant_id: _tenant, project_id: _project, ...limits } = body.quota
        return { quota: await quotas.set(params.project_id, limits as Partial<Limits>) }
      },
    }),
    route({
      operation: 'network:quotas:delete',
      method: 'DELETE',
      path: `${base}/:project_id`,
      summary: 'Give a project the default limits again',
      params: Params,
      status: 204,
      handle: (_ctx, { params }) => quotas.reset(params.project_id),
    }),
  ]
}
