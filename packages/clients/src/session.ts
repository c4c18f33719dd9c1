/**
 * How one service speaks to another: with a token of its own service user, found addresses, time-outs, and the
 * request id of whoever caused the call. A safe verb is tried twice; anything else is the caller's to repeat, since
 * every step of a reconciler is safe to repeat anyway.
 */
import type { Logger, Secret } from '@caelum/kernel'
import { Agent, request } from 'undici'

const UNREACHABLE = 'Unreachable'

/**
 * The other side answered with an error, or (503, code `Unreachable`) not at all. 4xx are its judgement of the request;
 * 5xx are worth another try.
 */
export class RemoteError extends Error {
  readonly service: string
  readonly status: number
  readonly code: string
  constructor(service: string, status: number, code: string, message: string) {
    super(`${service} ${code === UNREACHABLE ? 'cannot be reached' : `answered ${status}`}: ${message}`)
    this.name = 'RemoteError'
    this.service = service
    this.status = status
    this.code = code
  }
}

export interface Call {
  method?: 'GET' | 'POST' | 'PUT' | 'DELETE'
  path: string
  query?: Record<string, string | number | boolean | undefined>
  body?: unknown
  /** of the API request that caused this; travels on in the other side's log */
  requestId?: string | undefined
  /** instead of the service's own token, which then only says who asks: acts with the rights of the user */
  token?: string | undefined
}

export interface Session {
  /** @throws RemoteError when the service refuses or cannot be reached */
  call<T>(service: string, call: Call): Promise<T>
  /** the raw answer, for bodies that must not be held in memory; the caller reads or destroys the body */
  stream(
    service: string,
    call: Call,
  ): Promise<{ headers: Record<string, string>; body: NodeJS.ReadableStream }>
  close(): Promise<void>
}

export interface SessionOptions {
  /** ends in /v3 */
  identityUrl: string
  username: string
  password: Secret
  region: string
  log: Logger
  /** ms a call may take until its headers are there */
  timeoutMs?: number
}

interface Grant {
  token: string
  expiresAt: number
  endpoints: Map<string, string>
}

const RENEW_BEFORE_MS = 300_000

export function openSession(options: SessionOptions): Session {
  const { identityUrl, username, password, region, timeoutMs = 10_000 } = options
  const dispatcher = new Agent({
    connections: 64,
    keepAliveTimeout: 30_000,
    headersTimeout: timeoutMs,
    connectTimeout: 3_000,
  })
  let grant: Grant | undefined
  let renewing: Promise<Grant> | undefined

  const authenticate = async (): Promise<Grant> => {
    const reply = await request(`${identityUrl}/auth/tokens`, {
      dispatcher,
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({
        auth: {
          identity: {
            methods: ['password'],
            password: { user: { name: username, domain: { id: 'default' }, password: password.reveal() } },
          },
          scope: { project: { name: 'service', domain: { id: 'default' } } },
        },
      }),
    })
    const text = await reply.body.text()
    if (reply.statusCode !== 201) throw failure('identity', reply.statusCode, text)
    const { token } = JSON.parse(text) as TokenReply
    return {
      token: String(reply.headers['x-subject-token']),
      expiresAt: Date.parse(token.expires_at),
      endpoints: new Map(token.catalog.map(entry => [entry.type, publicUrl(entry, region)])),
    }
  }

  const current = async (): Promise<Grant> => {
    if (grant && grant.expiresAt - Date.now() > RENEW_BEFORE_MS) return grant
    renewing ??= authenticate().finally(() => {
      renewing = undefined
    })
    grant = await renewing
    return grant
  }

  const send = async (service: string, call: Call) => {
    const { token, endpoints } = await current()
    const endpoint = endpoints.get(service)
    if (!endpoint) throw new Error(`the catalogue has no ${service} endpoint in region ${region}`)
    const url = new URL(endpoint.replace(/\/$/, '') + call.path)
    for (const [key, value] of Object.entries(call.query ?? {}))
      if (value !== undefined) url.searchParams.append(key, String(value))
    return request(url, {
      dispatcher,
      method: call.method ?? 'GET',
      headers: {
        'x-auth-token': call.token ?? token,
        ...(call.token ? { 'x-service-token': token } : {}),
        accept: 'application/json',
        ...(call.requestId ? { 'x-openstack-request-id': call.requestId } : {}),
        ...(call.body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      body: call.body === undefined ? null : JSON.stringify(call.body),
    })
  }

  /** Our token may have been revoked (a password rotated): forget it once and try again. */
  const sendRenewed = async (service: string, call: Call) => {
    const safe = (call.method ?? 'GET') === 'GET'
    const first = await send(service, call).catch(error => {
      if (!safe) throw error
      return null
    })
    if (first && (first.statusCode !== 401 || call.token)) return first
    await first?.body.dump()
    if (first) grant = undefined
    return send(service, call)
  }

  return {
    async call<T>(service: string, call: Call) {
      const { status, text } = await reached(service, async () => {
        const reply = await sendRenewed(service, call)
        return { status: reply.statusCode, text: await reply.body.text() }
      })
      if (status >= 300) throw failure(service, status, text)
      return (text === '' ? undefined : JSON.parse(text)) as T
    },
    async stream(service, call) {
      const reply = await reached(service, () => sendRenewed(service, call))
      if (reply.statusCode >= 300) throw failure(service, reply.statusCode, await reply.body.text())
      return { headers: reply.headers as Record<string, string>, body: reply.body }
    },
    close: () => dispatcher.close(),
  }
}

/** of the operating system, its resolver, and undici */
const NETWORK_FAILURE = /^(E[A-Z]+$|EAI_|UND_ERR_)/

async function reached<T>(service: string, exchange: () => Promise<T>): Promise<T> {
  try {
    return await exchange()
  } catch (error) {
    const { code = '', message } = error as NodeJS.ErrnoException
    if (!NETWORK_FAILURE.test(code)) throw error
    throw new RemoteError(service, 503, UNREACHABLE, message)
  }
}

interface TokenReply {
  token: { expires_at: string; catalog: CatalogEntry[] }
}
interface CatalogEntry {
  type: string
  endpoints: { interface: string; region_id?: string; url: string }[]
}

const publicUrl = (entry: CatalogEntry, region: string): string =>
  entry.endpoints.find(e => e.interface === 'public' && (e.region_id ?? region) === region)?.url ?? ''

/** The message inside any of the families' envelopes. */
function failure(service: string, status: number, text: string): RemoteError {
  try {
    const [inner] = Object.values(JSON.parse(text) as Record<string, { message?: string; type?: string }>)
    return new RemoteError(service, status, inner?.type ?? '', inner?.message ?? text.slice(0, 300))
  } catch {
    return new RemoteError(
      service,
      status,
      '',
      text
        .replace(/<[^>]*>/g, ' ')
        .replace(/\s+/g, ' ')
        .trim()
        .slice(0, 300),
    )
  }
}
