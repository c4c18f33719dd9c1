/**
 * What this process does, in Prometheus' text: requests and their latencies by operation, the gauges that others offer
 * (kernel/gauge.ts), and Node's own (event-loop lag, memory, garbage collection).
 *
 * It has a listener of its own, so that no proxy in front of the API can let it out by accident and no token opens it;
 * whoever reaches that address may read it. The API's listener answers /healthz and nothing more.
 */
import { createServer, type Server } from 'node:http'
import { type Gauge as Reading, readGauges } from '@caelum/kernel'
import type { FastifyInstance } from 'fastify'
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client'

const registry = new Registry()
const requests = new Counter({
  name: 'caelum_requests_total',
  help: 'Requests answered',
  labelNames: ['operation', 'status'],
  registers: [registry],
})
const latencies = new Histogram({
  name: 'caelum_request_seconds',
  help: 'From the first byte of a request to the last of its answer',
  labelNames: ['operation'],
  buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30],
  registers: [registry],
})

const gauges = new Map<string, Gauge>()

export function countRequest(operation: string, status: number, seconds: number): void {
  requests.inc({ operation, status })
  latencies.observe({ operation }, seconds)
}

/** Prometheus' text as it is now. */
export async function metricsText(): Promise<string> {
  for (const gauge of gauges.values()) gauge.reset()
  for (const reading of await readGauges()) gaugeOf(reading).inc(reading.labels ?? {}, reading.value)
  return registry.metrics()
}

/** Readings with the same name and labels add up. */
function gaugeOf({ name, help, labels = {} }: Reading): Gauge {
  const known = gauges.get(name)
  if (known) return known
  const made = new Gauge({ name, help, labelNames: Object.keys(labels), registers: [registry] })
  gauges.set(name, made)
  return made
}

/** Listens for whoever collects metrics: /metrics, and /healthz as `app` answers it. */
export async function serveMetrics(
  app: FastifyInstance,
  { host, port }: { host: string; port: number },
): Promise<Server> {
  collectDefaultMetrics({ register: registry })
  const server = createServer(async (request, response) => {
    const path = request.url?.split('?')[0] ?? ''
    if (path === '/metrics') {
      const text = await metricsText()
      response.writeHead(200, { 'content-type': registry.contentType }).end(text)
      return
    }
    const known = path === '/healthz' || path.startsWith('/healthz/')
    const answer = known ? await app.inject({ method: 'GET', url: path }) : { statusCode: 404, body: '' }
    response.writeHead(answer.statusCode, { 'content-type': 'application/json' }).end(answer.body)
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen({ host, port }, resolve)
  })
  return server
}
