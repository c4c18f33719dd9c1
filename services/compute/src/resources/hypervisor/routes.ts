import { type Route, route } from '@caelum/http'
import type { Ctx } from '@caelum/kernel'
import { pageLinks } from '../../links.ts'
import {
  HypervisorDetailsReply,
  HypervisorId,
  HypervisorReply,
  HypervisorsReply,
  ListHypervisors,
  ShowHypervisor,
} from './schema.ts'
import type { Hypervisor, HypervisorService } from './service.ts'
import { viewBrief, viewDetail, viewStatistics } from './view.ts'

/** Search and servers became query parameters with 2.53; statistics and uptime went with 2.88. */
export const hypervisorRoutes = (hypervisors: HypervisorService): Route[] => [
  route({
    operation: 'compute:hypervisors:list',
    method: 'GET',
    path: '/v2.1/os-hypervisors',
    summary: 'List hypervisors in brief',
    query: ListHypervisors,
    reply: HypervisorsReply,
    async handle(ctx, { query, request }) {
      const found = await hypervisors.list(ctx, query)
      return listed(ctx, request, query, found, one => viewBrief(one, ctx.microversion))
    },
  }),
  route({
    operation: 'compute:hypervisors:detail',
    method: 'GET',
    path: '/v2.1/os-hypervisors/detail',
    summary: 'List hypervisors',
    query: ListHypervisors,
    reply: HypervisorDetailsReply,
    async handle(ctx, { query, request }) {
      const found = await hypervisors.list(ctx, query)
      return listed(ctx, request, query, found, one => viewDetail(one, hypervisors.rules, ctx.microversion))
    },
  }),
  route({
    operation: 'compute:hypervisors:statistics',
    method: 'GET',
    path: '/v2.1/os-hypervisors/statistics',
    summary: 'Show the sums over all enabled hypervisors',
    until: 87,
    handle: async ctx => ({
      hypervisor_statistics: viewStatistics(await hypervisors.enabled(ctx), hypervisors.rules),
    }),
  }),
  route({
    operation: 'compute:hypervisors:show',
    method: 'GET',
    path: '/v2.1/os-hypervisors/:id',
    summary: 'Show a hypervisor',
    params: HypervisorId,
    query: ShowHypervisor,
    reply: HypervisorReply,
    async handle(ctx, { params, query }) {
      const found = await hypervisors.get(ctx, params.id, query.with_servers)
      return { hypervisor: viewDetail(found, hypervisors.rules, ctx.microversion) }
    },
  }),
  route({
    operation: 'compute:hypervisors:uptime',
    method: 'GET',
    path: '/v2.1/os-hypervisors/:id/uptime',
    summary: 'Show how long a hypervisor has been up; not known here',
    until: 87,
    params: HypervisorId,
    handle: (ctx, { params }) => hypervisors.uptime(ctx, params.id),
  }),
  route({
    operation: 'compute:hypervisors:search',
    method: 'GET',
    path: '/v2.1/os-hypervisors/:id/search',
    summary: 'List hypervisors with a pattern in their names',
    until: 52,
    params: HypervisorId,
    handle: async (ctx, { params }) => ({
      hypervisors: (await hypervisors.search(ctx, params.id)).map(one => viewBrief(one, ctx.microversion)),
    }),
  }),
  route({
    operation: 'compute:hypervisors:servers',
    method: 'GET',
    path: '/v2.1/os-hypervisors/:id/servers',
    summary: 'List hypervisors with a pattern in their names, with their servers',
    until: 52,
    params: HypervisorId,
    handle: async (ctx, { params }) => ({
      hypervisors: (await hypervisors.search(ctx, params.id, true)).map(one =>
        viewBrief(one, ctx.microversion),
      ),
    }),
  }),
]

/** There are pages from 2.33 on, but not of what a pattern matches. */
function listed(
  ctx: Ctx,
  request: { url: string },
  query: ListHypervisors,
  found: readonly Hypervisor[],
  view: (one: Hypervisor) => { id: string | number },
) {
  const rows = found.map(view)
  const paged = ctx.microversion >= 33 && query.hypervisor_hostname_pattern === undefined
  return {
    hypervisors: rows,
    ...(paged ? pageLinks('hypervisors', { ctx, request, rows, limit: query.limit }) : {}),
  }
}
