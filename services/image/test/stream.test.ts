/** What only a real connection shows: broken uploads and slow downloads. */
import { once } from 'node:events'
import { request as httpRequest } from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import { buffer } from 'node:stream/consumers'
import { eventually, persona } from '@caelum/testkit'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type TestApp, testApp } from './app.ts'

let api: TestApp
let port: number
const user = persona('member')
beforeAll(async () => {
  api = await testApp()
  await api.app.listen({ host: '127.0.0.1', port: 0 })
  port = (api.app.server.address() as AddressInfo).port
})
afterAll(() => api.close())

const put = (id: string, headers = {}) =>
  httpRequest({
    port,
    method: 'PUT',
    path: `/v2/images/${id}/file`,
    headers: { ...user.headers, 'content-type': 'application/octet-stream', ...headers },
  })
const statusOf = async (id: string) => (await api.call(user, 'GET', `/v2/images/${id}`)).body.status

test('an upload that is broken off leaves nothing, and can be repeated', async () => {
  const { id } = await api.create(user)
  const upload = put(id)
  upload.on('error', () => undefined)
  upload.write(Buffer.alloc(3 << 20))
  await eventually(async () => (await statusOf(id)) === 'saving' && api.files().length === 1)
  expect((await api.upload(user, id, Buffer.from('x'))).status).toBe(409)
  upload.destroy()
  await eventually(async () => (await statusOf(id)) === 'queued')
  expect(api.files()).toEqual([])
  expect((await api.upload(user, id, Buffer.from('again'))).status).toBe(204)
})

test('an image deleted while its data comes in is gone, and so is the data', async () => {
  const { id } = await api.create(user)
  const before = api.files().length
  const upload = put(id)
  upload.write(Buffer.alloc(2 << 20))
  await eventually(async () => (await statusOf(id)) === 'saving')
  expect((await api.call(user, 'DELETE', `/v2/images/${id}`)).status).toBe(204)
  upload.end(Buffer.alloc(1 << 20))
  const [reply] = await once(upload, 'response')
  expect(reply.statusCode).toBe(410)
  expect(api.files()).toHaveLength(before)
})

test('a download goes on when the image is deleted', async () => {
  const { id } = await api.create(user)
  const data = Buffer.alloc(48 << 20, 'some data ')
  await api.upload(user, id, data)
  const get = httpRequest({ port, path: `/v2/images/${id}/file`, headers: user.headers }).end()
  const [reply] = await once(get, 'response')
  reply.pause()
  expect((await api.call(user, 'DELETE', `/v2/images/${id}`)).status).toBe(204)
  expect((await buffer(reply)).equals(data)).toBe(true)
})

test('a refusal in the middle of a long upload reaches a client that sends everything before it reads', async () => {
  const { id } = await api.create(user, { disk_format: 'qcow2' })
  const size = 40 << 20
  const socket = connect(port, '127.0.0.1')
  const head = [
    `PUT /v2/images/${id}/file HTTP/1.1`,
    'host: image',
    `x-auth-token: ${user.token}`,
    'content-type: application/octet-stream',
    `content-length: ${size}`,
  ]
  socket.write(`${head.join('\r\n')}\r\n\r\n`)
  for (let sent = 0; sent < size; sent += 1 << 20)
    await new Promise<void>((sentIt, failed) =>
      socket.write(Buffer.alloc(1 << 20), error => (error ? failed(error) : sentIt())),
    )
  const [answer] = await once(socket, 'data')
  expect(String(answer)).toMatch(/^HTTP\/1.1 415 /)
  expect(String(answer)).toContain('no known format')
  socket.destroy()
  expect((await api.call(user, 'GET', `/v2/images/${id}`)).body.status).toBe('queued')
})
