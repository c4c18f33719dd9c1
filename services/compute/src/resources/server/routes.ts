import { authorize, can, nextLink, type Route, route, validate } from '@caelum/http'
import type { Ctx } from '@caelum/kernel'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { z } from 'zod'
import { errors } from '../../errors.ts'
import { policy } from '../../policy.ts'
import type { ServerWithVm } from './row.ts'
import {
  CreateServer,
  ListServers,
  LockReason,
  ServerActions,
  ServerId,
  ServerReply,
  ServersReply,
  UpdateServer,
} from './schema.ts'
import type { ServerService } from './service.ts'
import { type ViewContext, viewBrief, viewCreated, viewDetail } from './view.ts'

const contextOf = (ctx: Ctx): ViewContext => ({
  microversion: ctx.microversion,
  baseUrl: ctx.baseUrl,
  isAdmin: can(policy, ctx, 'compute:servers:show:extended'),
})

const listOf =
  (servers: ServerService, view: (found: ServerWithVm, context: ViewContext) => unknown) =>
  async (ctx: Ctx, { query, request }: { query: ListServers; request: FastifyRequest }) => {
    const found = await servers.list(ctx, query)
    const context = contextOf(ctx)
    const last = found.at(-1)
    const full = last && found.length === Math.min(query.limit ?? 1_000, 1_000)
    return {
      servers: found.map(one => view(one, context)),
      ...(full
        ? { servers_links: [{ rel: 'next', href: nextLink(request, ctx.baseUrl, last.server.id) }] }
        : {}),
    }
  }

export const serverRoutes = (servers: ServerService): Route[] => [
  route({
    operation: 'compute:servers:index',
    method: 'GET',
    path: '/v2.1/servers',
    summary: 'List servers by id and name',
    query: ListServers,
    reply: ServersReply,
    handle: listOf(servers, viewBrief),
  }),
  route({
    operation: 'compute:servers:detail',
    method: 'GET',
    path: '/v2.1/servers/detail',
    summary: 'List servers with everything about them',
    query: ListServers,
    reply: ServersReply,
    handle: listOf(servers, viewDetail),
  }),
  route({
    operation: 'compute:servers:create',
    method: 'POST',
    path: '/v2.1/servers',
    summary: 'Create one server, or several of a kind',
    body: CreateServer,
    reply: ServerReply,
    status: 202,
    async handle(ctx, { body, request }, reply) {
      const hints = { ...body['OS-SCH-HNT:scheduler_hints'], ...body['os:scheduler_hints'] }
      const made = await servers.create(ctx, body.server, hints, String(request.headers['x-auth-token']))
      const [first] = made
      if (!first || body.server.return_reservation_id) return { reservation_id: first?.reservation_id }
      reply.header('location', `${ctx.baseUrl}/v2.1/servers/${first.id}`)
      return viewCreated(first, contextOf(ctx))
    },
  }),
  route({
    operation: 'compute:servers:show',
    method: 'GET',
    path: '/v2.1/servers/:id',
    summary: 'Show a server',
    params: ServerId,
    reply: ServerReply,
    handle: async (ctx, { params }) => ({
      server: viewDetail(await servers.get(ctx, params.id), contextOf(ctx)),
    }),
  }),
  route({
    operation: 'compute:servers:update',
    method: 'PUT',
    path: '/v2.1/servers/:id',
    summary: 'Rename or describe a server',
    params: ServerId,
    body: UpdateServer,
    reply: ServerReply,
    handle: async (ctx, { params, body }) => ({
      server: viewDetail(await servers.update(ctx, params.id, body.server), contextOf(ctx)),
    }),
  }),
  route({
    operation: 'compute:servers:delete',
    method: 'DELETE',
    path: '/v2.1/servers/:id',
    summary: 'Delete a server, in whatever state it is',
    params: ServerId,
    status: 204,
    handle: (ctx, { params }) => servers.remove(ctx, params.id),
  }),
  route({
    operation: 'compute:servers:action',
    method: 'POST',
    path: '/v2.1/servers/:id/action',
    summary: 'Do something with a server: os-start, os-stop, reboot, os-getConsoleOutput, ...',
    params: ServerId,
    body: z.record(z.string(), z.unknown()),
    status: 202,
    handle: (ctx, { params, body }, reply) => act(servers, ctx, params.id, body, reply),
  }),
  route({
    operation: 'compute:servers:explain',
    method: 'GET',
    path: '/v2.1/x/servers/:id/ops',
    summary: 'Want and seen of a server side by side, for operators',
    params: ServerId,
    handle: (ctx, { params }) => servers.explain(ctx, params.id),
  }),
]

type Act = (
  servers: ServerService,
  ctx: Ctx,
  id: string,
  body: never,
  reply: FastifyReply,
) => Promise<unknown>

const acts: Record<keyof typeof ServerActions, Act> = {
  'os-start': (servers, ctx, id) => servers.start(ctx, id),
  'os-stop': (servers, ctx, id) => servers.stop(ctx, id),
  reboot: (servers, ctx, id, { type }: { type: 'SOFT' | 'HARD' }) => servers.reboot(ctx, id, type),
  forceDelete: (servers, ctx, id) => servers.remove(ctx, id),
  lock: (servers, ctx, id, body: unknown) => {
    const why = ctx.microversion >= 73 ? validate(LockReason, body, 'lock') : null
    return servers.setLocked(ctx, id, true, why?.locked_reason)
  },
  unlock: (servers, ctx, id) => servers.setLocked(ctx, id, false),
  'os-resetState': (servers, ctx, id) => servers.resetState(ctx, id),
  async 'os-getConsoleOutput'(servers, ctx, id, { length }: { length?: number | null }, reply) {
    const output = await servers.consoleOutput(ctx, id, length === undefined || length === -1 ? null : length)
    reply.code(200)
    return { output }
  },
}

const OPERATIONS: Record<keyof typeof ServerActions, string> = {
  'os-start': 'compute:servers:start',
  'os-stop': 'compute:servers:stop',
  reboot: 'compute:servers:reboot',
  forceDelete: 'compute:servers:delete',
  lock: 'compute:servers:lock',
  unlock: 'compute:servers:unlock',
  'os-resetState': 'compute:servers:reset_state',
  'os-getConsoleOutput': 'compute:servers:console_output',
}

/** The body of an action has one key, its verb; each verb has its own policy rule and its own schema. */
async function act(
  servers: ServerService,
  ctx: Ctx,
  id: string,
  body: Record<string, unknown>,
  reply: FastifyReply,
) {
  const verbs = Object.keys(body)
  const verb = verbs[0] as keyof typeof ServerActions
  if (verbs.length !== 1)
    throw errors.badRequest('The body of an action must have exactly one key, the action.')
  if (!Object.hasOwn(acts, verb)) throw errors.badRequest(`There is no such action: ${verb.slice(0, 60)}`)
  const { server } = await servers.get(ctx, id)
  authorize(policy, ctx, OPERATIONS[verb], { projectId: server.project_id })
  const argument = validate(ServerActions[verb], body[verb], verb)
  return acts[verb](servers, ctx, id, argument as never, reply)
}
