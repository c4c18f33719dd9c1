import { createServer, type RequestListener, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Secret, silentLogger } from '@caelum/kernel'
import { afterEach, expect, test } from 'vitest'
import { openSession, RemoteError, type Session } from '../src/index.ts'

const servers: Server[] = []
let session: Session | undefined

afterEach(async () => {
  await session?.close()
  for (const server of servers.splice(0)) server.close()
})

async function serve(listener: RequestListener): Promise<string> {
  const server = createServer(listener)
  servers.push(server)
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

/** A session in a catalogue whose only service is `image`, at this address. */
async function sessionFor(imageUrl: string): Promise<Session> {
  const identity = await serve((_, reply) => {
    const catalog = [{ type: 'image', endpoints: [{ interface: 'public', url: imageUrl }] }]
    reply.writeHead(201, { 'x-subject-token': 'token' })
    reply.end(JSON.stringify({ token: { expires_at: new Date(Date.now() + 3_600_000), catalog } }))
  })
  session = openSession({
    identityUrl: identity,
    username: 'compute',
    password: new Secret('service-password'),
    region: 'RegionOne',
    log: silentLogger,
  })
  return session
}

const failureOf = (work: Promise<unknown>): Promise<RemoteError> =>
  work.then(
    () => expect.unreachable('it must fail'),
    error => error,
  )

test('a service that is not there is a failure of that service, worth another try', async () => {
  const url = await serve(() => undefined)
  servers.pop()!.close()
  const { call } = await sessionFor(url)
  for (const method of ['GET', 'POST'] as const) {
    const error = await failureOf(call('image', { method, path: '/v2/images' }))
    expect(error).toBeInstanceOf(RemoteError)
    expect(error).toMatchObject({ service: 'image', status: 503, code: 'Unreachable' })
    expect(error.message).toMatch(/^image cannot be reached: .*ECONNREFUSED/)
  }
})

test('a service that dies in the middle of an answer likewise', async () => {
  const { call } = await sessionFor(
    await serve((request, reply) => {
      reply.writeHead(200, { 'content-length': 100 })
      reply.write('{"half":')
      setImmediate(() => request.socket.destroy())
    }),
  )
  const error = await failureOf(call('image', { path: '/v2/images' }))
  expect(error).toMatchObject({ service: 'image', status: 503, code: 'Unreachable' })
})

test('what a service says is passed on: status, kind and message', async () => {
  const { call } = await sessionFor(
    await serve((_, reply) => {
      reply.writeHead(409)
      reply.end(JSON.stringify({ NeutronError: { type: 'IpAddressInUse', message: 'it is taken' } }))
    }),
  )
  const error = await failureOf(call('image', { method: 'POST', path: '/v2/images', body: {} }))
  expect(error).toMatchObject({
    status: 409,
    code: 'IpAddressInUse',
    message: 'image answered 409: it is taken',
  })
})

test('a lost answer to a safe verb is asked for once more, to another verb never', async () => {
  const asked: string[] = []
  const { call } = await sessionFor(
    await serve((request, reply) => {
      asked.push(request.method!)
      if (asked.length === 1) request.socket.destroy()
      else reply.end('{"fine":true}')
    }),
  )
  expect(await call('image', { path: '/v2/images' })).toEqual({ fine: true })
  expect(asked).toEqual(['GET', 'GET'])
  asked.length = 0
  await failureOf(call('image', { method: 'POST', path: '/v2/images', body: {} }))
  expect(asked).toEqual(['POST'])
})

test('a token that is refused is replaced once', async () => {
  const statuses = [401, 200]
  const { call } = await sessionFor(
    await serve((_, reply) => {
      reply.writeHead(statuses.shift()!)
      reply.end('{}')
    }),
  )
  expect(await call('image', { method: 'PUT', path: '/v2/images', body: {} })).toEqual({})
})

test('a call with the user’s token says by another who makes it', async () => {
  const seen: (string | string[] | undefined)[][] = []
  const { call } = await sessionFor(
    await serve(({ headers }, reply) => {
      seen.push([headers['x-auth-token'], headers['x-service-token']])
      reply.end('{}')
    }),
  )
  await call('image', { path: '/v2/images', token: 'user' })
  await call('image', { path: '/v2/images' })
  expect(seen).toEqual([
    ['user', 'token'],
    ['token', undefined],
  ])
})
