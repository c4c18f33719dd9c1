import { type Route, route } from '@caelum/http'
import { pageLinks } from '../../links.ts'
import {
  CreateFlavor,
  FlavorAccessReply,
  FlavorAction,
  FlavorDetailsReply,
  FlavorId,
  FlavorReply,
  FlavorsReply,
  ListFlavors,
  UpdateFlavor,
} from './schema.ts'
import type { FlavorService } from './service.ts'
import { viewAccess, viewBrief, viewFull } from './view.ts'

export const flavorRoutes = (flavors: FlavorService): Route[] => [
  route({
    operation: 'compute:flavors:list',
    method: 'GET',
    path: '/v2.1/flavors',
    summary: 'List flavors in brief',
    query: ListFlavors,
    reply: FlavorsReply,
    async handle(ctx, { query, request }) {
      const rows = await flavors.list(ctx, query)
      return {
        flavors: rows.map(row => viewBrief(ctx, row)),
        ...pageLinks('flavors', { ctx, request, rows, limit: query.limit }),
      }
    },
  }),
  route({
    operation: 'compute:flavors:detail',
    method: 'GET',
    path: '/v2.1/flavors/detail',
    summary: 'List flavors',
    query: ListFlavors,
    reply: FlavorDetailsReply,
    async handle(ctx, { query, request }) {
      const rows = await flavors.list(ctx, query)
      return {
        flavors: rows.map(row => viewFull(ctx, row)),
        ...pageLinks('flavors', { ctx, request, rows, limit: query.limit }),
      }
    },
  }),
  route({
    operation: 'compute:flavors:create',
    method: 'POST',
    path: '/v2.1/flavors',
    summary: 'Make a flavor',
    body: CreateFlavor,
    reply: FlavorReply,
    async handle(ctx, { body }) {
      return { flavor: viewFull(ctx, await flavors.create(ctx, body.flavor)) }
    },
  }),
  route({
    operation: 'compute:flavors:show',
    method: 'GET',
    path: '/v2.1/flavors/:id',
    summary: 'Show a flavor',
    params: FlavorId,
    reply: FlavorReply,
    async handle(ctx, { params }) {
      return { flavor: viewFull(ctx, await flavors.get(ctx, params.id)) }
    },
  }),
  route({
    operation: 'compute:flavors:update',
    method: 'PUT',
    path: '/v2.1/flavors/:id',
    summary: 'Change the description of a flavor',
    since: 55,
    params: FlavorId,
    body: UpdateFlavor,
    reply: FlavorReply,
    async handle(ctx, { params, body }) {
      return { flavor: viewFull(ctx, await flavors.describe(params.id, body.flavor.description)) }
    },
  }),
  route({
    operation: 'compute:flavors:delete',
    method: 'DELETE',
    path: '/v2.1/flavors/:id',
    summary: 'Delete a flavor; servers made with it keep what they have',
    params: FlavorId,
    status: 202,
    async handle(_ctx, { params }) {
      await flavors.remove(params.id)
    },
  }),
  route({
    operation: 'compute:flavor_access:list',
    method: 'GET',
    path: '/v2.1/flavors/:id/os-flavor-access',
    summary: 'Which projects may use a flavor that is not public',
    params: FlavorId,
    reply: FlavorAccessReply,
    async handle(ctx, { params }) {
      return viewAccess(params.id, await flavors.accessOf(ctx, params.id))
    },
  }),
  route({
    operation: 'compute:flavor_access:change',
    method: 'POST',
    path: '/v2.1/flavors/:id/action',
    summary: 'Let a project use a flavor, or no longer',
    params: FlavorId,
    body: FlavorAction,
    reply: FlavorAccessReply,
    async handle(ctx, { params, body }) {
      const projects =
        'addTenantAccess' in body
          ? await flavors.addAccess(ctx, params.id, body.addTenantAccess.tenant)
          : await flavors.removeAccess(ctx, params.id, body.removeTenantAccess.tenant)
      return viewAccess(params.id, projects)
    },
  }),
]
