/**
 * One entry point for all services: `/<service>/...` goes to that service as `/...`. The path, every method and
 * every header but the connection's own arrive as they were sent, and bodies are streamed both ways: object names
 * may hold `..`, `//` or `%2F`, and a file may be larger than our memory.
 *
 * The X-Forwarded headers let a service write links that lead back through here; what a client claims in them counts
 * only when a proxy of ours stands in front.
 */
import {
  Agent,
  createServer,
  type IncomingMessage,
  request,
  type Server,
  type ServerResponse,
} from 'node:http'
import { pipeline } from 'node:stream'
import type { Logger } from '@caelum/kernel'

export type GatewayOptions = { log: Logger; trustProxy: boolean }

/** RFC 9110 section 7.6.1: these speak of one connection, not of the message. */
const HOP_BY_HOP = new Set(
  'connection keep-alive proxy-authenticate proxy-authorization proxy-connection te trailer transfer-encoding upgrade'.split(
    ' ',
  ),
)

/** `[name, value, name, value, ...]` as node:http takes and gives it, order and repetition kept */
function endToEnd(raw: readonly string[], also: ReadonlySet<string> = new Set()): string[] {
  const kept: string[] = []
  for (let i = 0; i < raw.length; i += 2) {
    const name = raw[i]!.toLowerCase()
    if (!HOP_BY_HOP.has(name) && !also.has(name)) kept.push(raw[i]!, raw[i + 1]!)
  }
  return kept
}

const FORWARDED = new Set([
  'x-forwarded-for',
  'x-forwarded-proto',
  'x-forwarded-host',
  'x-forwarded-prefix',
  'host',
])

function requestHeaders(client: IncomingMessage, name: string, upstream: URL, trustProxy: boolean): string[] {
  const claimed = (header: string): string => (trustProxy && String(client.headers[header] ?? '')) || ''
  return [
    ...endToEnd(client.rawHeaders, FORWARDED),
    ...['Host', upstream.host],
    ...[
      'X-Forwarded-For',
      [claimed('x-forwarded-for'), client.socket.remoteAddress].filter(Boolean).join(', '),
    ],
    ...['X-Forwarded-Proto', claimed('x-forwarded-proto') || 'http'],
    ...['X-Forwarded-Host', claimed('x-forwarded-host') || client.headers.host || upstream.host],
    ...['X-Forwarded-Prefix', `${claimed('x-forwarded-prefix')}/${name}`],
    ...(client.headers['transfer-encoding'] ? ['Transfer-Encoding', 'chunked'] : []),
  ]
}

function sendJson(response: ServerResponse, status: number, body: object, headers = {}): void {
  response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(body))
}

export function createGateway(
  upstreams: Readonly<Record<string, string>>,
  { log, trustProxy }: GatewayOptions,
): Server {
  const agent = new Agent({ keepAlive: true, maxSockets: 512 })
  const bases = new Map(Object.entries(upstreams).map(([name, url]) => [name, new URL(url)]))

  function forward(client: IncomingMessage, response: ServerResponse, name: string, path: string): void {
    const upstream = bases.get(name)!
    const onward = request({
      agent,
      host: upstream.hostname,
      port: upstream.port || 80,
      method: client.method,
      path,
      headers: requestHeaders(client, name, upstream, trustProxy),
      setDefaultHeaders: false,
    })
    onward.once('response', answer => {
      response.writeHead(answer.statusCode!, answer.statusMessage, endToEnd(answer.rawHeaders))
      // an answer cut short must not look complete: pipeline destroys the client's connection
      pipeline(answer, response, () => undefined)
    })
    onward.once('error', error => {
      if (response.headersSent || response.destroyed) return void response.destroy()
      log.warn({ service: name, error: error.message }, 'a service did not answer')
      client.unpipe(onward)
      const message = `The ${name} service does not answer just now. Try again in a moment.`
      sendJson(
        response,
        503,
        { error: { code: 503, title: 'Service Unavailable', message } },
        { 'retry-after': '2' },
      )
    })
    response.once('close', () => {
      if (!response.writableFinished) onward.destroy()
    })
    client.pipe(onward)
  }

  const server = createServer({ requestTimeout: 0 }, (client, response) => {
    const [, name = '', rest = ''] = /^\/([a-z-]*)(.*)$/.exec(client.url ?? '') ?? []
    if (name === 'healthz' && /^(\/(live|ready))?$/.test(rest))
      return sendJson(response, 200, { status: 'ok' })
    if (name === '' && !rest)
      return sendJson(response, 200, { services: [...bases.keys()].map(key => `/${key}`) })
    if (!bases.has(name) || !(rest === '' || /^[/?]/.test(rest))) {
      const message = `No service is published under this path; there are: ${[...bases.keys()].join(', ')}.`
      return sendJson(response, 404, { error: { code: 404, title: 'Not Found', message } })
    }
    forward(client, response, name, rest.startsWith('/') ? rest : `/${rest}`)
  })
  server.once('close', () => agent.destroy())
  return server
}
