import { type Route, route } from '@caelum/http'
import { problems } from '@caelum/kernel'
import { FlavorId } from '../flavor/schema.ts'
import { CreateExtraSpecs, ExtraSpecKey, ExtraSpecReply, ExtraSpecsReply, UpdateExtraSpec } from './schema.ts'
import type { ExtraSpecService } from './service.ts'

export const extraSpecRoutes = (specs: ExtraSpecService): Route[] => [
  route({
    operation: 'compute:flavor_extra_specs:list',
    method: 'GET',
    path: '/v2.1/flavors/:id/os-extra_specs',
    summary: 'List the extra specs of a flavor',
    params: FlavorId,
    reply: ExtraSpecsReply,
    handle: async (ctx, { params }) => ({ extra_specs: await specs.list(ctx, params.id) }),
  }),
  route({
    operation: 'compute:flavor_extra_specs:create',
    method: 'POST',
    path: '/v2.1/flavors/:id/os-extra_specs',
    summary: 'Add or replace extra specs of a flavor; their values are checked from 2.86 on',
    params: FlavorId,
    body: CreateExtraSpecs,
    reply: ExtraSpecsReply,
    handle: async (ctx, { params, body }) => ({
      extra_specs: await specs.merge(ctx, params.id, body.extra_specs),
    }),
  }),
  route({
    operation: 'compute:flavor_extra_specs:show',
    method: 'GET',
    path: '/v2.1/flavors/:id/os-extra_specs/:key',
    summary: 'Show one extra spec of a flavor',
    params: ExtraSpecKey,
    reply: ExtraSpecReply,
    handle: (ctx, { params }) => specs.get(ctx, params.id, params.key),
  }),
  route({
    operation: 'compute:flavor_extra_specs:update',
    method: 'PUT',
    path: '/v2.1/flavors/:id/os-extra_specs/:key',
    summary: 'Add or replace one extra spec of a flavor',
    params: ExtraSpecKey,
    body: UpdateExtraSpec,
    reply: ExtraSpecReply,
    async handle(ctx, { params, body }) {
      if (!Object.hasOwn(body, params.key)) throw problems.badRequest('Request body and URI mismatch')
      return specs.merge(ctx, params.id, body)
    },
  }),
  route({
    operation: 'compute:flavor_extra_specs:delete',
    method: 'DELETE',
    path: '/v2.1/flavors/:id/os-extra_specs/:key',
    summary: 'Remove one extra spec of a flavor',
    params: ExtraSpecKey,
    async handle(ctx, { params }) {
      await specs.remove(ctx, params.id, params.key)
    },
  }),
]
