/**
 * The request pipeline, the same for every service, readable from top to bottom:
 *
 *   request id → microversion → token → policy gate → validation → handler → answer
 *
 * Anything thrown on the way becomes the error envelope of the API family: a `Problem` as it is, everything else as
 * a 500 that tells the client nothing but the request id. One log line per request.
 */
import { randomUUID } from 'node:crypto'
import {
  type Caller,
  type Clock,
  type Ctx,
  type Logger,
  Problem,
  problems,
  systemClock,
} from '@caelum/kernel'
import { type Claims, callerOf, type TokenVerifier } from '@caelum/token'
import {
  type FastifyBaseLogger,
  type FastifyInstance,
  type FastifyReply,
  type FastifyRequest,
  fastify,
  LogController,
} from 'fastify'
import { isWithinAccessRules } from './access-rules.ts'
import { discardRest } from './discard-rest.ts'
import type { Envelope } from './envelope.ts'
import { countRequest } from './metrics.ts'
import { type Microversions, microversionHeaders, negotiate } from './microversion.ts'
import { awayOf } from './outage.ts'
import { authorize, type PolicyTable } from './policy.ts'
import type { Route } from './route.ts'
import { schemaFor, validate } from './validate.ts'

export interface ServiceOptions {
  /** e.g. `compute`; also the prefix of operations */
  name: string
  /** its type in the catalogue, by which access rules name it; `name` when not given */
  serviceType?: string
  log: Logger
  clock?: Clock
  verifier: Pick<TokenVerifier, 'verify'>
  policy: PolicyTable
  routes: readonly Route[]
  envelope: Envelope
  microversions?: Microversions
  /** where clients get tokens, for `WWW-Authenticate` */
  identityUrl: string
  /** bytes; larger bodies are refused with 413 unless the route says otherwise */
  bodyLimit?: number
  /** true: a path with a slash at its end is another path; false, the default: the same */
  strictSlash?: boolean
  /** addresses whose `X-Forwarded-*` count, with commas between, as networks or names of proxy-addr; loopback alone */
  trustedProxies?: string
  /** how request ids are made; `req-<uuid>` when not given */
  newRequestId?: () => string
  /** extra header that repeats the request id, e.g. `x-compute-request-id` */
  requestIdHeader?: string
  /** what `/healthz` looks at; throws when the service is not able to work */
  healthy?: () => Promise<void>
}

declare module 'fastify' {
  interface FastifyContextConfig {
    stream?: boolean
  }
  interface FastifyRequest {
    operation: string
    projectId: string | undefined
    microversion: number
    caelum: { route: Route; ctx: Ctx }
  }
}

const NOBODY: Caller = {
  userId: '',
  userName: '',
  userDomainId: '',
  userDomainName: '',
  scope: { kind: 'unscoped' },
  roles: new Set(),
}

/** Builds the application without listening, so that a test can `inject`. */
export function buildService(options: ServiceOptions): FastifyInstance {
  const app = fastify({
    loggerInstance: options.log as FastifyBaseLogger,
    logController: new LogController({ disableRequestLogging: true }),
    childLoggerFactory: logger => logger,
    bodyLimit: options.bodyLimit ?? 262_144,
    genReqId: options.newRequestId ?? (() => `req-${randomUUID()}`),
    trustProxy: options.trustedProxies ?? 'loopback',
    forceCloseConnections: 'idle',
    routerOptions: { ignoreTrailingSlash: options.strictSlash !== true, maxParamLength: 1_024 },
    return503OnClosing: false,
    frameworkErrors: (_error, request, reply: FastifyReply) => {
      const why = 'The URL is not valid: its percent-encoding does not decode to UTF-8.'
      const { body, contentType } = options.envelope(problems.badRequest(why), request.id)
      reply
        .code(400)
        .type(contentType ?? 'application/json')
        .send(body)
    },
  })
  app.addHttpMethod('COPY', { hasBody: true })
  app.decorateRequest('operation', 'unknown')
  app.decorateRequest('projectId', undefined)
  app.decorateRequest('microversion', 0)
  readBodies(app)
  answerErrors(app, options)
  traceRequests(app, options)
  answerHealth(app, options)
  for (const [key, versions] of group(options.routes)) addRoute(app, options, key, versions)
  return app
}

/**
 * /healthz/live: the process answers; restart it when it does not. /healthz/ready, and /healthz: it can work; send it
 * no requests when it cannot. They need no token and tell nothing.
 */
function answerHealth(app: FastifyInstance, { name, healthy }: ServiceOptions): void {
  app.get('/healthz/live', { config: {} }, (_request, reply) => reply.send({ status: 'ok', service: name }))
  for (const path of ['/healthz', '/healthz/ready'])
    app.get(path, { config: {} }, async (_request, reply) => {
      await healthy?.()
      return reply.send({ status: 'ok', service: name })
    })
}

/** Routes that share method and path are told apart by their microversions. */
function group(routes: readonly Route[]): Map<string, Route[]> {
  const groups = new Map<string, Route[]>()
  for (const route of routes) {
    const key = `${route.method} ${route.path}`
    groups.set(key, [...(groups.get(key) ?? []), route])
  }
  return groups
}

function addRoute(app: FastifyInstance, options: ServiceOptions, key: string, versions: Route[]): void {
  const [first] = versions
  if (!first) return
  for (const route of versions)
    if (route.access !== 'public' && !options.policy[route.operation])
      throw new Error(`${key}: operation ${route.operation} has no policy rule`)
  app.route({
    method: first.method,
    url: first.path,
    ...(first.bodyLimit ? { bodyLimit: first.bodyLimit } : {}),
    config: { stream: first.stream === true },
    exposeHeadRoute: !options.routes.some(r => r.method === 'HEAD' && r.path === first.path),
    onRequest: async request => {
      if (request.url.includes('%00')) throw problems.badRequest('The URL holds a NUL character.')
      const microversion = options.microversions ? negotiate(options.microversions, request.headers) : 0
      request.microversion = microversion
      const route = versions.find(
        r => (r.since ?? 0) <= microversion && microversion <= (r.until ?? Number.POSITIVE_INFINITY),
      )
      if (!route) throw problems.notFound('The resource')
      request.operation = route.operation
      const access = route.access ?? 'token'
      const anonymous = access === 'public' || (access === 'optional' && !tokenOf(request))
      const caller = anonymous ? NOBODY : authenticate(options, request)
      request.caelum = { route, ctx: contextOf(options, request, caller) }
      if (access === 'token') authorize(options.policy, request.caelum.ctx, route.operation)
    },
    handler: async (request, reply) => {
      const { route, ctx } = request.caelum
      const input = {
        params: route.params ? validate(route.params, request.params, 'the path') : request.params,
        query: route.query
          ? validate(schemaFor(route.query, ctx.microversion), request.query, 'the query')
          : request.query,
        body: route.body
          ? validate(schemaFor(route.body, ctx.microversion), request.body ?? {}, 'the body')
          : undefined,
        request,
      }
      reply.code(route.status ?? 200)
      const answer = await route.handle(ctx, input, reply)
      if (reply.sent) return reply
      return answer === undefined ? reply.send() : answer
    },
  })
}

const tokenOf = ({ headers }: FastifyRequest) =>
  headers['x-auth-token'] ?? headers['x-storage-token'] ?? bearerOf(headers.authorization)

/** RFC 6750; what OAuth 2.0 calls an access token is a token of ours. */
const bearerOf = (authorization: string | undefined): string | undefined =>
  /^bearer +(\S+)$/i.exec(authorization ?? '')?.[1]

const OUTSIDE_ACCESS_RULES = 'The access rules of the application credential do not allow this request.'

function authenticate(options: ServiceOptions, request: FastifyRequest): Caller {
  const { verifier, identityUrl } = options
  const token = tokenOf(request)
  const challenge = { 'www-authenticate': `Keystone uri="${identityUrl}"` }
  if (typeof token !== 'string' || token === '')
    throw new Problem('Unauthorized', 401, 'The request you have made requires authentication.', challenge)
  try {
    const claims = verifier.verify(token)
    if (!mayBeUsed(claims, options, request)) throw problems.unauthorized(OUTSIDE_ACCESS_RULES)
    const caller = callerOf(claims)
    request.projectId = caller.scope.kind === 'project' ? caller.scope.projectId : undefined
    return caller
  } catch (error) {
    if (error instanceof Problem && error.status === 401)
      throw new Problem(error.code, 401, error.message, challenge)
    throw error
  }
}

/**
 * Access rules are for what the user asks for: a service that asks on the user's behalf says so with a token of its
 * own. Validating a token is always allowed, as in keystonemiddleware (validate_allowed_request).
 */
function mayBeUsed(claims: Claims, { name, serviceType, verifier }: ServiceOptions, request: FastifyRequest) {
  const { method, url, headers } = request
  if (isWithinAccessRules(claims, { service: serviceType ?? name, method, url })) return true
  if (name === 'identity' && method === 'GET' && /^\/v3\/auth\/tokens(\?|$)/.test(url)) return true
  const service = headers['x-service-token']
  return typeof service === 'string' && callerOf(verifier.verify(service)).roles.has('service')
}

const contextOf = (options: ServiceOptions, request: FastifyRequest, caller: Caller): Ctx => ({
  caller,
  requestId: request.id,
  microversion: request.microversion,
  clock: options.clock ?? systemClock,
  log: options.log,
  baseUrl: baseUrlOf(request),
})

/** Behind an entry point the prefix is what it took off the path; forwarded headers count from trusted proxies only. */
function baseUrlOf(request: FastifyRequest): string {
  const prefix = request.headers['x-forwarded-prefix']
  const trusted = request.ips !== undefined && request.ips.length > 1
  return `${request.protocol}://${request.host}${trusted && typeof prefix === 'string' ? prefix.replace(/\/$/, '') : ''}`
}

/** A NUL or half a surrogate pair, as JSON.stringify writes them: PostgreSQL keeps no such text. */
const UNKEEPABLE = /(?<!\\)(?:\\\\)*\\u(?:0000|d[89a-f])/

/** Clients of OpenStack send JSON under many names; a route with `stream` gets its body untouched. */
function readBodies(app: FastifyInstance): void {
  app.removeAllContentTypeParsers()
  app.addContentTypeParser('*', async (request: FastifyRequest, payload: NodeJS.ReadableStream) => {
    if (request.routeOptions.config.stream) return undefined
    const limit = request.routeOptions.bodyLimit ?? app.initialConfig.bodyLimit ?? 262_144
    const text = await readText(payload, limit)
    if (text === '') return undefined
    const value = isForm(request, text) ? formOf(text) : parseJson(text)
    if (/\\u(?:0000|d[89a-f])/i.test(text) && UNKEEPABLE.test(JSON.stringify(value)))
      throw problems.badRequest('The request body holds a NUL character, or text that is not Unicode.')
    return value
  })
}

/** Clients also send JSON under the name of a form: `curl -d` does. */
const isForm = ({ headers }: FastifyRequest, text: string): boolean =>
  /^application\/x-www-form-urlencoded\b/i.test(headers['content-type'] ?? '') && !/^\s*[[{]/.test(text)

/** @throws Problem 400 when a name is there twice */
function formOf(text: string): Record<string, string> {
  const fields = [...new URLSearchParams(text)]
  if (new Set(fields.map(([name]) => name)).size < fields.length)
    throw problems.badRequest('The form has a field twice.')
  return Object.fromEntries(fields)
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    throw problems.badRequest('The request body is not valid JSON.')
  }
}

async function readText(payload: NodeJS.ReadableStream, limit: number): Promise<string> {
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of payload) {
    const bytes = chunk as Buffer
    size += bytes.length
    if (size > limit) throw problems.tooLarge(limit)
    chunks.push(bytes)
  }
  return Buffer.concat(chunks).toString('utf8')
}

function answerErrors(app: FastifyInstance, options: ServiceOptions): void {
  const render = (problem: Problem, request: FastifyRequest, reply: FastifyReply) => {
    const { body, contentType } = options.envelope(problem, request.id)
    discardRest(request.raw)
    return reply
      .code(problem.status)
      .headers(problem.headers)
      .type(contentType ?? 'application/json')
      .send(body)
  }
  app.setErrorHandler((error, request, reply) => render(problemOf(error, request, options), request, reply))
  app.setNotFoundHandler((request, reply) => {
    const elsewhere = options.strictSlash === true && /\/(\?|$)/.test(request.url)
    const allowed = elsewhere ? [] : methodsOf(options.routes, request.url)
    const problem =
      allowed.length > 0
        ? new Problem('MethodNotAllowed', 405, 'The method is not allowed for this resource.', {
            allow: allowed.join(', '),
          })
        : new Problem('NotFound', 404, 'The resource could not be found.')
    return render(problem, request, reply)
  })
}

function problemOf(error: unknown, request: FastifyRequest, options: ServiceOptions): Problem {
  if (error instanceof Problem) return error
  const { statusCode, message } = error as { statusCode?: number; message?: string }
  if (statusCode === 413) return problems.tooLarge(request.routeOptions.bodyLimit ?? 0)
  if (statusCode && statusCode >= 400 && statusCode < 500)
    return new Problem('BadRequest', statusCode, message ?? '')
  const context = { request_id: request.id, operation: request.operation }
  const away = awayOf(error)
  if (away) {
    options.log.warn({ ...context, error: message }, 'a request needs what is away')
    return problems.unavailable(`${away} does not answer just now; please try again.`)
  }
  options.log.error({ ...context, err: error }, 'a request failed')
  return new Problem(
    'InternalError',
    500,
    `An unexpected error prevented the server from fulfilling your request. (${request.id})`,
  )
}

function methodsOf(routes: readonly Route[], url: string): string[] {
  const parts = url.split('?')[0]?.split('/').filter(Boolean) ?? []
  const matches = (path: string) => {
    const pattern = path.split('/').filter(Boolean)
    return pattern.length === parts.length && pattern.every((p, i) => p.startsWith(':') || p === parts[i])
  }
  return [...new Set(routes.filter(route => matches(route.path)).map(route => route.method))]
}

function traceRequests(app: FastifyInstance, { log, requestIdHeader, microversions }: ServiceOptions): void {
  app.addHook('onSend', async (request, reply) => {
    reply.header('x-openstack-request-id', request.id)
    if (requestIdHeader) reply.header(requestIdHeader, request.id)
    if (microversions)
      reply.headers(microversionHeaders(microversions, request.microversion || microversions.min))
  })
  app.addHook('onResponse', async (request, reply) => {
    if (request.url.startsWith('/healthz')) return
    countRequest(request.operation, reply.statusCode, reply.elapsedTime / 1000)
    log.info(
      {
        operation: request.operation,
        method: request.method,
        status: reply.statusCode,
        ms: Math.round(reply.elapsedTime * 10) / 10,
        project: request.projectId,
        request_id: request.id,
      },
      'request',
    )
  })
}
