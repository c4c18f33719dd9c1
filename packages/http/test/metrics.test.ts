import { offerGauges, silentLogger } from '@caelum/kernel'
import { testVerifier } from '@caelum/testkit'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { buildService, keystoneEnvelope, metricsText, route, rules, serveMetrics } from '../src/index.ts'

let sick = false
const app = buildService({
  name: 'thing',
  log: silentLogger,
  verifier: testVerifier(),
  policy: { 'thing:things:list': rules.anyone },
  routes: [
    route({
      operation: 'thing:things:open',
      method: 'GET',
      path: '/open/:id',
      summary: '',
      access: 'public',
      handle: () => ({}),
    }),
    route({
      operation: 'thing:things:list',
      method: 'GET',
      path: '/things',
      summary: '',
      handle: () => ({}),
    }),
  ],
  envelope: keystoneEnvelope,
  identityUrl: 'http://identity/v3',
  healthy: async () => {
    if (sick) throw new Error('Connection terminated unexpectedly')
  },
})
const get = (url: string) => app.inject({ method: 'GET', url })
afterAll(() => app.close())

/** value of the line that starts with `line` */
async function numberAt(line: string): Promise<number | undefined> {
  const found = (await metricsText()).split('\n').find(it => it.startsWith(`${line} `))
  return found === undefined ? undefined : Number(found.slice(line.length + 1))
}

test('requests are counted by operation and status, and never by what is in their paths', async () => {
  await get('/open/secret-1')
  await get('/open/secret-2')
  await get('/things')
  await get('/nowhere')
  expect(await numberAt('caelum_requests_total{operation="thing:things:open",status="200"}')).toBe(2)
  expect(await numberAt('caelum_requests_total{operation="thing:things:list",status="401"}')).toBe(1)
  expect(await numberAt('caelum_requests_total{operation="unknown",status="404"}')).toBe(1)
  expect(await numberAt('caelum_request_seconds_count{operation="thing:things:open"}')).toBe(2)
  expect(await numberAt('caelum_request_seconds_bucket{le="30",operation="thing:things:open"}')).toBe(2)
  expect(await metricsText()).not.toContain('secret')
})

test('asking for health is no request', async () => {
  await get('/healthz')
  await get('/healthz/live')
  expect(await metricsText()).not.toContain('healthz')
})

test('gauges are read when somebody looks, add up, and go when they are taken back', async () => {
  let value = 3
  const gauge = (state: string, n: number) => ({
    name: 'caelum_test',
    help: 'h',
    labels: { state },
    value: n,
  })
  const withdraw = [
    offerGauges(() => [gauge('a', value), gauge('b', 1)]),
    offerGauges(async () => [gauge('a', 10)]),
    offerGauges(() => {
      throw new Error('away')
    }),
  ]
  onTestFinished(() => {
    for (const take of withdraw) take()
  })
  expect(await numberAt('caelum_test{state="a"}')).toBe(13)
  value = 4
  expect(await numberAt('caelum_test{state="a"}')).toBe(14)
  expect(await numberAt('caelum_test{state="b"}')).toBe(1)
  withdraw[0]?.()
  expect(await numberAt('caelum_test{state="a"}')).toBe(10)
  expect(await numberAt('caelum_test{state="b"}')).toBeUndefined()
  withdraw[1]?.()
  expect(await numberAt('caelum_test{state="a"}')).toBeUndefined()
})

describe('health', () => {
  test('alive and ready', async () => {
    for (const url of ['/healthz', '/healthz/live', '/healthz/ready']) {
      const answer = await get(url)
      expect([url, answer.statusCode, answer.json()]).toEqual([url, 200, { status: 'ok', service: 'thing' }])
    }
  })

  test('without its database it is alive and not ready', async () => {
    sick = true
    onTestFinished(() => {
      sick = false
    })
    expect((await get('/healthz/live')).statusCode).toBe(200)
    expect((await get('/healthz/ready')).statusCode).toBe(503)
    expect((await get('/healthz')).statusCode).toBe(503)
  })
})

describe('where metrics are served', () => {
  let url: string
  beforeAll(async () => {
    const server = await serveMetrics(app, { host: '127.0.0.1', port: 0 })
    const address = server.address()
    url = `http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}`
    return () => void server.close()
  })

  test('metrics and health, to whoever reaches it', async () => {
    const answer = await fetch(`${url}/metrics`)
    expect(answer.headers.get('content-type')).toMatch(/^text\/plain/)
    expect(await answer.text()).toMatch(/^nodejs_eventloop_lag_p99_seconds \d/m)
    expect((await fetch(`${url}/healthz/ready`)).status).toBe(200)
    expect((await fetch(`${url}/things`)).status).toBe(404)
  })

  test('not where the API is', async () => {
    expect((await get('/metrics')).statusCode).toBe(404)
  })
})
