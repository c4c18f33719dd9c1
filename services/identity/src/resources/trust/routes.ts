import { type Route, route } from '@caelum/http'
import { z } from 'zod'
import { byId, viewPage } from '../../collection.ts'
import { errors } from '../../errors.ts'
import { viewRole } from '../role/view.ts'
import { byTrustAndRole, CreateTrust, ListTrusts, TrustReply } from './schema.ts'
import type { TrustService } from './service.ts'
import { viewTrust, viewTrustBrief, viewTrustRoles } from './view.ts'

const PATH = '/v3/OS-TRUST/trusts'

/** keystone/api/trusts.py */
export const trustRoutes = (trusts: TrustService): Route[] => [
  route({
    operation: 'identity:trusts:create',
    method: 'POST',
    path: PATH,
    summary: 'Lend another user roles on a project',
    body: z.strictObject({ trust: CreateTrust }),
    reply: TrustReply,
    status: 201,
    async handle(ctx, { body }) {
      return { trust: viewTrust(ctx, await trusts.create(ctx, body.trust)) }
    },
  }),
  route({
    operation: 'identity:trusts:list',
    method: 'GET',
    path: PATH,
    summary: 'List trusts',
    query: ListTrusts,
    async handle(ctx, { query, request }) {
      const rows = await trusts.list(ctx, query)
      return viewPage(ctx, request, { name: 'trusts', rows, limit: query.limit }, viewTrustBrief)
    },
  }),
  route({
    operation: 'identity:trusts:show',
    method: 'GET',
    path: `${PATH}/:id`,
    summary: 'Show a trust',
    params: byId,
    reply: TrustReply,
    async handle(ctx, { params }) {
      return { trust: viewTrust(ctx, await trusts.get(ctx, 'identity:trusts:show', params.id)) }
    },
  }),
  route({
    operation: 'identity:trusts:delete',
    method: 'DELETE',
    path: `${PATH}/:id`,
    summary: 'Delete a trust and those made from it; their tokens end',
    params: byId,
    status: 204,
    handle: (ctx, { params }) => trusts.remove(ctx, params.id),
  }),
  route({
    operation: 'identity:trusts:roles:list',
    method: 'GET',
    path: `${PATH}/:id/roles`,
    summary: 'List the roles that a trust lends',
    params: byId,
    async handle(ctx, { params }) {
      const row = await trusts.get(ctx, 'identity:trusts:roles:list', params.id)
      const { roles, roles_links } = viewTrustRoles(ctx, row)
      return { roles, links: roles_links }
    },
  }),
  route({
    operation: 'identity:trusts:roles:show',
    method: 'GET',
    path: `${PATH}/:id/roles/:role_id`,
    summary: 'Does a trust lend this role?',
    params: byTrustAndRole,
    async handle(ctx, { params }) {
      const row = await trusts.get(ctx, 'identity:trusts:roles:show', params.id)
      const lent = row.roles.find(({ role_id }) => role_id === params.role_id)
      if (!lent) throw errors.notFound('role', params.role_id)
      return { role: viewRole(ctx, lent.role) }
    },
  }),
]
