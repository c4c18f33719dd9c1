import { type Route, route } from '@caelum/http'
import { type Ctx, problems } from '@caelum/kernel'
import {
  ActOnService,
  ListServices,
  ServiceId,
  ServiceReply,
  ServicesReply,
  UpdateService,
} from './schema.ts'
import type { ComputeServiceService } from './service.ts'
import { viewService } from './view.ts'

export const computeServiceRoutes = (services: ComputeServiceService): Route[] => [
  route({
    operation: 'compute:services:list',
    method: 'GET',
    path: '/v2.1/os-services',
    summary: 'List the agents of hosts',
    query: ListServices,
    reply: ServicesReply,
    handle: async (ctx, { query }) => ({
      services: (await services.list(ctx, query)).map(host => viewService(host, ctx.microversion)),
    }),
  }),
  route({
    operation: 'compute:services:update',
    method: 'PUT',
    path: '/v2.1/os-services/:id',
    summary: 'Enable or disable a host; the path names what to do',
    until: 52,
    params: ServiceId,
    body: ActOnService,
    handle: (ctx, { params, body }) => act(services, ctx, params.id, body),
  }),
  route({
    operation: 'compute:services:update',
    method: 'PUT',
    path: '/v2.1/os-services/:id',
    summary: 'Enable or disable a host',
    since: 53,
    params: ServiceId,
    body: UpdateService,
    reply: ServiceReply,
    handle: async (ctx, { params, body }) => ({
      service: viewService(await services.update(ctx, params.id, body), ctx.microversion),
    }),
  }),
  route({
    operation: 'compute:services:delete',
    method: 'DELETE',
    path: '/v2.1/os-services/:id',
    summary: 'Forget a host that is gone for good',
    params: ServiceId,
    status: 204,
    handle: (ctx, { params }) => services.remove(ctx, params.id),
  }),
]

async function act(services: ComputeServiceService, ctx: Ctx, action: string, body: ActOnService) {
  const { host, binary, disabled_reason: reason } = body
  switch (action) {
    case 'enable':
      await services.setEnabled(ctx, body, true, null)
      return { service: { host, binary, status: 'enabled' } }
    case 'disable':
      await services.setEnabled(ctx, body, false, null)
      return { service: { host, binary, status: 'disabled' } }
    case 'disable-log-reason':
      if (!reason) throw problems.badRequest('Missing disabled reason field')
      await services.setEnabled(ctx, body, false, reason)
      return { service: { host, binary, status: 'disabled', disabled_reason: reason } }
    case 'force-down':
      if (ctx.microversion < 11) break
      await services.forceDown(ctx, body)
      return { service: { host, binary, forced_down: false } }
  }
  throw problems.notFound('The action')
}
