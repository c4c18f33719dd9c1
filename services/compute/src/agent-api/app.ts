/**
 * Where agents speak to us: TLS with certificates of our own CA on both sides. The common name of the client's
 * certificate is the host; nothing in a request can make it another one, so an agent reads and reports its own host
 * and nothing else.
 */

import type { TLSSocket } from 'node:tls'
import { Answer, HostFacts, Report } from '@caelum/agent-protocol'
import type { ImageClient } from '@caelum/clients'
import { validate } from '@caelum/http'
import { isUuid, type Logger, Problem, problems } from '@caelum/kernel'
import { type Bell, point } from '@caelum/reconcile'
import {
  type FastifyBaseLogger,
  type FastifyInstance,
  type FastifyRequest,
  fastify,
  LogController,
} from 'fastify'
import { z } from 'zod'
import type { AskStore } from '../resources/ask/store.ts'
import type { HostStore } from '../resources/host/store.ts'
import type { VmStore } from '../resources/vm/store.ts'
import type { ReportStore } from './report-store.ts'
import type { Wakeups } from './wakeups.ts'

export interface AgentApiDeps {
  hosts: HostStore
  vms: VmStore
  reports: ReportStore
  asks: AskStore
  images: ImageClient
  wakeups: Wakeups
  bell: Bell
  log: Logger
}

export interface AgentTls {
  key: Buffer
  cert: Buffer
  ca: Buffer
}

const WantedQuery = z.object({
  since: z.coerce.number().int().min(0).default(0),
  wait_s: z.coerce.number().min(0).max(60).default(25),
})

export function buildAgentApi(deps: AgentApiDeps, tls: AgentTls): FastifyInstance {
  const app = fastify({
    loggerInstance: deps.log as FastifyBaseLogger,
    logController: new LogController({ disableRequestLogging: true }),
    https: { ...tls, requestCert: true, rejectUnauthorized: true, minVersion: 'TLSv1.3' },
    bodyLimit: 16 * 1_048_576,
    forceCloseConnections: true,
  }) as unknown as FastifyInstance
  app.setErrorHandler((error, request, reply) => {
    if (error instanceof Problem) return reply.code(error.status).send({ error: error.message })
    deps.log.error({ err: error, url: request.url }, 'an agent request failed')
    return reply.code(503).send({ error: 'try again' })
  })

  app.post('/agent/v1/hello', async request => {
    const name = hostNameOf(request)
    const facts = validate(HostFacts, request.body, 'the body')
    const { id, epoch } = await deps.hosts.hello(name, facts, new Date())
    deps.log.info({ host: name, epoch, hypervisor: facts.hypervisor_type }, 'an agent said hello')
    return { host_id: id, epoch }
  })

  app.get('/agent/v1/wanted', async request => {
    const { since, wait_s } = validate(WantedQuery, request.query, 'the query')
    const deadline = Date.now() + wait_s * 1000
    const hasNews = (host: { wanted_revision: bigint }) => since === 0 || host.wanted_revision > since
    let host = await knownHost(deps, request)
    while (!hasNews(host) && Date.now() < deadline && !request.raw.destroyed && !deps.wakeups.ended) {
      const wake = deps.wakeups.next(host.id, Math.min(1_000, Math.max(1, deadline - Date.now())))
      host = await knownHost(deps, request)
      if (hasNews(host)) wake.cancel()
      else await wake.done
    }
    const vms = hasNews(host) ? await deps.vms.wanted(host.id, BigInt(since)) : []
    const asks = host.is_asked ? await deps.asks.handOut(host.id, new Date()) : []
    const revision = vms.reduce((highest, vm) => Math.max(highest, vm.revision), Number(host.wanted_revision))
    return { revision, full: since === 0, vms, asks }
  })

  app.post('/agent/v1/report', async request => {
    const name = hostNameOf(request)
    const report = validate(Report, request.body, 'the body')
    const due = await deps.reports.take(name, report, new Date())
    if (due) {
      point('agent-api.report.committed')
      for (const serverId of due) deps.bell.ring(serverId)
      if (report.strays.length > 0)
        deps.log.warn(
          { host: name, strays: report.strays },
          'a host runs domains of ours that nobody wants there',
        )
      return { accepted: true }
    }
    const host = await knownHost(deps, request)
    return { accepted: (await deps.hosts.epochOf(host.id)) === report.epoch }
  })

  app.post<{ Params: { id: string } }>('/agent/v1/answers/:id', async request => {
    const host = await knownHost(deps, request)
    if (!isUuid(request.params.id)) throw problems.notFound('The question')
    await deps.asks.answer(host.id, request.params.id, validate(Answer, request.body, 'the body'), new Date())
    return {}
  })

  app.get<{ Params: { id: string } }>('/agent/v1/images/:id/file', async (request, reply) => {
    const host = await knownHost(deps, request)
    const { id } = request.params
    if (!isUuid(id) || !(await deps.vms.isImageWanted(host.id, id))) throw problems.notFound('The image')
    const { headers, body } = await deps.images.file(id)
    const length = headers['content-length']
    if (length) reply.header('content-length', length)
    return reply.type('application/octet-stream').send(body)
  })

  return app
}

/** The host that each connection speaks for: reading a certificate costs more than the rest of a poll. */
const hostNames = new WeakMap<TLSSocket, string>()

/** The certificate was checked by TLS before we came here. */
function hostNameOf(request: FastifyRequest): string {
  const socket = request.raw.socket as TLSSocket
  const name = hostNames.get(socket) ?? socket.getPeerCertificate().subject?.CN
  if (typeof name !== 'string' || name === '') throw problems.unauthorized('The certificate names no host.')
  hostNames.set(socket, name)
  return name
}

async function knownHost({ hosts }: AgentApiDeps, request: FastifyRequest) {
  const name = hostNameOf(request)
  const host = await hosts.byName(name)
  if (!host) throw problems.badRequest(`Host ${name} has not said hello yet.`)
  return host
}
