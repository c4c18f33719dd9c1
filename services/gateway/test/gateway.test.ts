import { createServer, type IncomingMessage, request, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { silentLogger } from '@caelum/kernel'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { createGateway } from '../src/app.ts'

let upstream: Server
let url: string
let gateway: Server

async function bodyOf(request: IncomingMessage): Promise<number> {
  let size = 0
  for await (const chunk of request) size += (chunk as Buffer).length
  return size
}

beforeAll(async () => {
  upstream = createServer(async (request, response) => {
    if (request.url === '/hang-up') {
      request.socket.destroy()
      return
    }
    if (request.url === '/half') {
      response.writeHead(200, { 'content-length': '1000' })
      response.write('x'.repeat(100), () => request.socket.destroy())
      return
    }
    const size = await bodyOf(request)
    response.setHeader('x-size', size)
    response.end(JSON.stringify({ method: request.method, url: request.url, headers: request.headers, size }))
  })
  await new Promise<void>(resolve => upstream.listen(0, '127.0.0.1', resolve))
  const port = (upstream.address() as AddressInfo).port
  gateway = createGateway(
    { identity: `http://127.0.0.1:${port}`, nowhere: 'http://127.0.0.1:1' },
    { log: silentLogger, trustProxy: false },
  )
  await new Promise<void>(resolve => gateway.listen(0, '127.0.0.1', resolve))
  url = `http://127.0.0.1:${(gateway.address() as AddressInfo).port}`
})

afterAll(() => {
  gateway.close()
  gateway.closeAllConnections()
  upstream.close()
  upstream.closeAllConnections()
})

type Seen = { method: string; url: string; headers: Record<string, string>; size: number }

const seen = async (path: string, init?: RequestInit): Promise<Seen> =>
  (await (await fetch(`${url}${path}`, init)).json()) as Seen

test('the first segment picks the service and the rest arrives as it was', async () => {
  expect(await seen('/identity/v3/users?name=a%20b&limit=1')).toMatchObject({
    method: 'GET',
    url: '/v3/users?name=a%20b&limit=1',
  })
  expect(await seen('/identity')).toMatchObject({ url: '/' })
  expect(await seen('/identity/')).toMatchObject({ url: '/' })
  expect(await seen('/identity/c/a%2Fb%20c/d//e')).toMatchObject({ url: '/c/a%2Fb%20c/d//e' })
  expect(await seen('/identity?x=1')).toMatchObject({ url: '/?x=1' })
})

test('the service learns how the client reached us, whatever the client claims', async () => {
  const claims = { 'x-forwarded-host': 'evil.example', 'x-forwarded-for': '192.0.2.1' }
  const { headers } = await seen('/identity/v3', { headers: claims })
  expect(headers).toMatchObject({
    'x-forwarded-for': '127.0.0.1',
    'x-forwarded-host': new URL(url).host,
    'x-forwarded-proto': 'http',
    'x-forwarded-prefix': '/identity',
  })
})

test('a body of any type and size passes through', async () => {
  const chunk = Buffer.alloc(1 << 20)
  const body = new ReadableStream({
    start(controller) {
      for (let i = 0; i < 32; i += 1) controller.enqueue(chunk)
      controller.close()
    },
  })
  const answer = await fetch(`${url}/identity/file`, {
    method: 'PUT',
    body,
    headers: { 'content-type': 'application/octet-stream' },
    // a stream has no length: the body goes out chunked
    duplex: 'half',
  } as RequestInit)
  expect(answer.headers.get('x-size')).toBe(String(32 << 20))
})

test('methods beyond the usual ones pass', async () => {
  expect(await seen('/identity/x', { method: 'PATCH', body: '[]' })).toMatchObject({
    method: 'PATCH',
    size: 2,
  })
  expect(await seen('/identity/x', { method: 'DELETE' })).toMatchObject({ method: 'DELETE' })
  expect(await seen('/identity/x', { method: 'COPY' })).toMatchObject({ method: 'COPY' })
})

test('dots in a path are the name of something, not a way up', async () => {
  const answer = await new Promise<string>((resolve, reject) => {
    request(`${url}/identity/c`, { path: '/identity/c/../o/%2e%2e/x' }, response => {
      response.setEncoding('utf8').once('data', resolve)
    })
      .once('error', reject)
      .end()
  })
  expect(JSON.parse(answer)).toMatchObject({ url: '/c/../o/%2e%2e/x' })
})

test('a service that is down or hangs up is 503 with Retry-After, an unknown one 404', async () => {
  const down = await fetch(`${url}/nowhere/x`, { method: 'POST', body: 'x'.repeat(100_000) })
  expect([down.status, down.headers.get('retry-after')]).toEqual([503, '2'])
  expect((await fetch(`${url}/identity/hang-up`)).status).toBe(503)
  expect((await fetch(`${url}/unknown/x`)).status).toBe(404)
  expect((await fetch(`${url}/identityx`)).status).toBe(404)
})

test('an answer that is cut short does not look complete', async () => {
  const answer = await fetch(`${url}/identity/half`)
  await expect(answer.arrayBuffer()).rejects.toThrow()
})
