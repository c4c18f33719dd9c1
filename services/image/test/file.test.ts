import { createHash, randomBytes } from 'node:crypto'
import { persona } from '@caelum/testkit'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type TestApp, testApp } from './app.ts'
import { qcow2 } from './disk-images.ts'

let api: TestApp
beforeAll(async () => {
  api = await testApp({ maxBytes: 4 << 20, quotaBytes: 12 << 20 })
})
afterAll(() => api.close())

const user = persona('member')
const show = async (id: string) => (await api.call(user, 'GET', `/v2/images/${id}`)).body
const download = (id: string, headers = {}) => api.call(user, 'GET', `/v2/images/${id}/file`, { headers })

test('data goes up and comes down, with its hashes', async () => {
  const { id } = await api.create(user)
  const data = randomBytes(2_345_678)
  expect((await download(id)).status).toBe(204)
  expect((await api.upload(user, id, data)).status).toBe(204)
  const md5 = createHash('md5').update(data).digest('hex')
  expect(await show(id)).toMatchObject({
    status: 'active',
    size: data.length,
    virtual_size: data.length,
    checksum: md5,
    os_hash_algo: 'sha512',
    os_hash_value: createHash('sha512').update(data).digest('hex'),
    stores: 'file',
  })
  const whole = await download(id)
  expect(whole.status).toBe(200)
  expect(whole.headers).toMatchObject({
    'content-type': 'application/octet-stream',
    'content-length': String(data.length),
    'content-md5': md5,
    etag: `"${md5}"`,
    'accept-ranges': 'bytes',
  })
  expect(whole.bytes.equals(data)).toBe(true)
  const head = await api.call(user, 'HEAD', `/v2/images/${id}/file`)
  expect(head.status).toBe(200)
  expect(head.headers['content-length']).toBe(String(data.length))
  await api.call(user, 'DELETE', `/v2/images/${id}`)
  expect(api.files()).toEqual([])
})

describe('a range', () => {
  const data = Buffer.from('0123456789')
  let id: string
  beforeAll(async () => {
    id = (await api.create(user)).id
    await api.upload(user, id, data)
  })
  test.each([
    ['bytes=0-4', '01234', 'bytes 0-4/10'],
    ['bytes=8-', '89', 'bytes 8-9/10'],
    ['bytes=-3', '789', 'bytes 7-9/10'],
    ['bytes=5-100', '56789', 'bytes 5-9/10'],
  ])('%s', async (range, body, contentRange) => {
    const part = await download(id, { range })
    expect(part.status).toBe(206)
    expect(part.body).toBe(body)
    expect(part.headers).toMatchObject({
      'content-range': contentRange,
      'content-length': String(body.length),
    })
  })
  test('beyond the end there is nothing', async () => {
    const part = await download(id, { range: 'bytes=10-' })
    expect(part.status).toBe(416)
    expect(part.headers['content-range']).toBe('bytes */10')
  })
  test.each(['bytes=x', 'bytes=4-2', 'furlongs=1-2', 'bytes=0-1,4-5'])('%s is ignored', async range => {
    const whole = await download(id, { range })
    expect(whole.status).toBe(200)
    expect(whole.body).toBe('0123456789')
  })
})

describe('what is refused, and leaves the image queued and the store as it was', () => {
  const refused = async (image: object, data: Buffer, status: number, headers = {}) => {
    const { id } = await api.create(user, { ...image })
    const before = api.files()
    const reply = await api.upload(user, id, data, headers)
    expect(reply.status).toBe(status)
    expect(await show(id)).toMatchObject({ status: 'queued', size: null, checksum: null })
    expect(api.files()).toEqual(before)
    return reply
  }
  test('another media type', () => refused({}, Buffer.from('x'), 415, { 'content-type': 'text/plain' }))
  test('another store', () => refused({}, Buffer.from('x'), 400, { 'x-image-meta-store': 's3' }))
  test('no formats', async () => {
    const reply = await refused({ disk_format: null }, Buffer.from('x'), 400)
    expect(reply.body).toContain('must be set prior to saving data')
  })
  test('too much', () => refused({}, Buffer.alloc((4 << 20) + 1), 413))
  test('a qcow2 that says it is raw', () => refused({}, qcow2(), 415))
  test('text that says it is qcow2', () => refused({ disk_format: 'qcow2' }, Buffer.from('x'), 415))
  test('a qcow2 with a backing file', async () => {
    const reply = await refused({ disk_format: 'qcow2' }, qcow2({ backing: 512 }), 415)
    expect(reply.body).toContain('backing file')
  })
  test('a qcow2 with an external data file', () =>
    refused({ disk_format: 'qcow2' }, qcow2({ incompatible: 4 }), 415))
})

test('a good qcow2 tells its virtual size', async () => {
  const { id } = await api.create(user, { disk_format: 'qcow2' })
  expect((await api.upload(user, id, qcow2({ virtualBytes: 7 * 2 ** 30 }))).status).toBe(204)
  expect(await show(id)).toMatchObject({ status: 'active', virtual_size: 7 * 2 ** 30, size: 65_536 })
})

test('data in a container is not looked into', async () => {
  const { id } = await api.create(user, { disk_format: 'vmdk', container_format: 'ova' })
  expect((await api.upload(user, id, Buffer.from('a tar file'))).status).toBe(204)
  expect(await show(id)).toMatchObject({ status: 'active', virtual_size: null })
})

test('data is written once, and formats are fixed with it', async () => {
  const { id } = await api.create(user)
  await api.upload(user, id, Buffer.from('first'))
  expect((await api.upload(user, id, Buffer.from('second'))).status).toBe(409)
  expect((await download(id)).body).toBe('first')
  const change = [{ op: 'replace', path: '/disk_format', value: 'qcow2' }]
  expect((await api.patch(user, id, change)).status).toBe(403)
})

test('bytes of a project are limited', async () => {
  const full = persona('member')
  for (const status of [204, 204, 204, 413]) {
    const { id } = await api.create(full)
    expect((await api.upload(full, id, Buffer.alloc(4 << 20))).status).toBe(status)
  }
})

test('a deactivated image is for administrators and services only', async () => {
  const { id } = await api.create(user)
  const act = (verb: string) => api.call(user, 'POST', `/v2/images/${id}/actions/${verb}`)
  expect((await act('deactivate')).status).toBe(403)
  await api.upload(user, id, Buffer.from('data'))
  expect((await act('deactivate')).status).toBe(204)
  expect((await act('deactivate')).status).toBe(204)
  expect((await show(id)).status).toBe('deactivated')
  expect((await download(id)).status).toBe(403)
  for (const who of [persona('service'), persona('admin')])
    expect((await api.call(who, 'GET', `/v2/images/${id}/file`)).body).toBe('data')
  expect((await act('reactivate')).status).toBe(204)
  expect((await download(id)).body).toBe('data')
})

test('the service role reads every image; a reader reads no data', async () => {
  const { id } = await api.create(user, { visibility: 'private' })
  await api.upload(user, id, Buffer.from('data'))
  const service = persona('service')
  expect((await api.call(service, 'GET', `/v2/images/${id}`)).body.name).toBe('an image')
  expect((await api.call(service, 'GET', `/v2/images/${id}/file`)).body).toBe('data')
  const reader = persona('reader', { projectId: user.projectId })
  expect((await api.call(reader, 'GET', `/v2/images/${id}`)).status).toBe(200)
  expect((await api.call(reader, 'GET', `/v2/images/${id}/file`)).status).toBe(403)
  const stranger = persona('member')
  expect((await api.call(stranger, 'GET', `/v2/images/${id}/file`)).status).toBe(404)
})
