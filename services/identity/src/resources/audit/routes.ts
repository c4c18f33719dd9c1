import { type Route, route } from '@caelum/http'
import { viewPage } from '../../collection.ts'
import { AuditReply, ListAudit } from './schema.ts'
import type { AuditService } from './service.ts'
import { viewAudit } from './view.ts'

const USUAL_PAGE = 100

/** Our own: Keystone only emits notifications. */
export const auditRoutes = (service: AuditService): Route[] => [
  route({
    operation: 'identity:audit:list',
    method: 'GET',
    path: '/v3/x/audit',
    summary: 'List changes and refused logins, the newest first',
    query: ListAudit,
    reply: AuditReply,
    async handle(ctx, { query, request }) {
      const { limit = USUAL_PAGE } = query
      const rows = await service.list(ctx, { ...query, limit })
      return viewPage(ctx, request, { name: 'audit', rows, limit }, viewAudit)
    },
  }),
]
