import { createHash, randomBytes } from 'node:crypto'
import { eventually, persona } from '@caelum/testkit'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { type TestApp, testApp } from './app.ts'

let api: TestApp
let user = persona('member')
beforeAll(async () => {
  api = await testApp()
})
beforeEach(async () => {
  user = persona('member')
  await api.call(user, 'PUT', '/box')
})
afterAll(() => api.close())

const md5 = (data: string | Buffer) => createHash('md5').update(data).digest('hex')
const usage = async (path = '/box') => {
  const { headers } = await api.call(user, 'HEAD', path)
  const kind = path === '' ? 'account' : 'container'
  return [Number(headers[`x-${kind}-object-count`]), Number(headers[`x-${kind}-bytes-used`])]
}

test('an object is stored, read, described and deleted', async () => {
  const before = api.files().length
  const data = randomBytes(3_000_000)
  const put = await api.put(user, '/box/thing', data, {
    'content-type': 'image/png',
    'content-encoding': 'gzip',
    'content-disposition': 'attachment',
    'x-object-meta-colour': 'red',
    'x-object-meta-with_underscore': 'u',
    'x-object-meta-empty': '',
  })
  expect(put.status).toBe(201)
  expect(put.headers).toMatchObject({ etag: md5(data), 'content-length': '0' })
  expect(put.headers['x-trans-id']).toMatch(/^tx[0-9a-f]{21}-[0-9a-f]{10}$/)
  expect(put.headers['x-openstack-request-id']).toBe(put.headers['x-trans-id'])

  const got = await api.call(user, 'GET', '/box/thing')
  expect(got.status).toBe(200)
  expect(got.bytes.equals(data)).toBe(true)
  const described = {
    etag: md5(data),
    'content-length': String(data.length),
    'content-type': 'image/png',
    'content-encoding': 'gzip',
    'content-disposition': 'attachment',
    'x-object-meta-colour': 'red',
    'x-object-meta-with-underscore': 'u',
    'x-object-meta-empty': '',
    'accept-ranges': 'bytes',
  }
  expect(got.headers).toMatchObject(described)
  expect(got.headers['x-timestamp']).toMatch(/^\d{10}\.\d{5}$/)
  expect(new Date(String(got.headers['last-modified'])).getTime()).toBeGreaterThan(Date.now() - 10_000)
  const head = await api.call(user, 'HEAD', '/box/thing')
  expect(head.status).toBe(200)
  expect(head.headers).toMatchObject(described)
  expect(head.text).toBe('')
  expect(await usage()).toEqual([1, data.length])
  expect(await usage('')).toEqual([1, data.length])

  expect((await api.call(user, 'DELETE', '/box/thing')).status).toBe(204)
  for (const method of ['GET', 'HEAD', 'DELETE', 'POST'] as const)
    expect((await api.call(user, method, '/box/thing')).status).toBe(404)
  expect(await usage()).toEqual([0, 0])
  expect(api.files()).toHaveLength(before)
})

test('overwriting replaces everything, and the old bytes go', async () => {
  const before = api.files().length
  await api.put(user, '/box/o', 'first', { 'x-object-meta-a': '1' })
  await api.put(user, '/box/o', 'the second', { 'x-object-meta-b': '2' })
  const got = await api.call(user, 'GET', '/box/o')
  expect(got.text).toBe('the second')
  expect(got.headers).not.toHaveProperty('x-object-meta-a')
  expect(got.headers['x-object-meta-b']).toBe('2')
  expect(await usage()).toEqual([1, 10])
  expect(api.files()).toHaveLength(before + 1)
})

test('counts stay exact when many write and delete the same names', async () => {
  await Promise.all(
    Array.from({ length: 60 }, (_, n) =>
      n % 3 === 2
        ? api.call(user, 'DELETE', `/box/o${n % 4}`)
        : api.put(user, `/box/o${n % 4}`, 'x'.repeat(n + 1)),
    ),
  )
  const { json } = await api.call(user, 'GET', '/box?format=json')
  const bytes = json.reduce((sum: number, row: { bytes: number }) => sum + row.bytes, 0)
  expect(await usage()).toEqual([json.length, bytes])
  for (const { name, hash } of json) {
    const got = await api.call(user, 'GET', `/box/${name}`)
    expect(md5(got.bytes)).toBe(hash)
  }
})

test.each([
  ['a slash', 'a/b', 'a/b'],
  ['a slash, encoded', 'a%2Fb', 'a/b'],
  ['slashes at the ends', '/x/', '/x/'],
  ['two slashes', 'a//b', 'a//b'],
  ['blanks and signs', encodeURIComponent('a b+c&d=e;f?g#h%i'), 'a b+c&d=e;f?g#h%i'],
  ['a plus stays a plus', 'a+b', 'a+b'],
  ['not only ASCII', encodeURIComponent('äöü 😀 漢'), 'äöü 😀 漢'],
  ['quotes and brackets', encodeURIComponent(`'"<>[]{}|\\^\``), `'"<>[]{}|\\^\``],
  ['a line end', 'a%0Ab', 'a\nb'],
  ['wildcards of SQL', 'a%25_b', 'a%_b'],
  ['1024 bytes', 'x'.repeat(1_024), 'x'.repeat(1_024)],
  ['1023 bytes of three each', encodeURIComponent('漢'.repeat(341)), '漢'.repeat(341)],
  ['the word prototype', '__proto__', '__proto__'],
])('a name with %s', async (_what, encoded, name) => {
  expect((await api.put(user, `/box/${encoded}`, name)).status).toBe(201)
  expect((await api.call(user, 'GET', `/box/${encoded}`)).text).toBe(name)
  const { json } = await api.call(user, 'GET', '/box?format=json')
  expect(json.map((row: { name: string }) => row.name)).toEqual([name])
  const { json: found } = await api.call(user, 'GET', `/box?format=json&prefix=${encodeURIComponent(name)}`)
  expect(found).toHaveLength(1)
  expect((await api.call(user, 'DELETE', `/box/${encoded}`)).status).toBe(204)
})

test.each([
  ['%FF', [400, 412]],
  ['%', [400, 412]],
  ['a%00b', [400, 412]],
  ['x'.repeat(1_025), [400]],
])('the name %s is refused', async (name, statuses) => {
  for (const method of ['PUT', 'GET', 'HEAD', 'POST', 'DELETE', 'COPY'] as const) {
    const reply = await api.call(user, method, `/box/${name}`, { headers: { destination: 'box/x' } })
    expect(statuses).toContain(reply.status)
  }
})

describe('PUT', () => {
  const put = (headers: Record<string, string>) => api.put(user, '/box/o', 'data', headers)
  test('needs a container', async () => {
    expect((await api.put(user, '/nowhere/o')).status).toBe(404)
  })
  test('checks the ETag it is given', async () => {
    const before = api.files().length
    expect((await put({ etag: md5('other') })).status).toBe(422)
    expect((await api.call(user, 'GET', '/box/o')).status).toBe(404)
    expect(api.files()).toHaveLength(before)
    expect((await put({ etag: `"${md5('data').toUpperCase()}"` })).status).toBe(201)
  })
  test('with If-None-Match: * only when there is none', async () => {
    expect((await put({ 'if-none-match': '*' })).status).toBe(201)
    expect((await put({ 'if-none-match': '*' })).status).toBe(412)
    expect((await put({ 'if-none-match': md5('data') })).status).toBe(400)
    const both = await Promise.all([1, 2].map(() => api.put(user, '/box/p', 'x', { 'if-none-match': '*' })))
    expect(both.map(reply => reply.status).sort()).toEqual([201, 412])
  })
  test('says how long it is, within the limit', async () => {
    expect((await api.call(user, 'PUT', '/box/o')).status).toBe(411)
    expect((await put({ 'content-length': '99999999' })).status).toBe(413)
    expect((await api.put(user, '/box/o', Buffer.alloc((8 << 20) + 1))).status).toBe(413)
  })
  test('an empty object is an object', async () => {
    expect((await put({ 'content-length': '0' })).status).toBe(201)
    const empty = await api.put(user, '/box/empty', '')
    expect(empty.headers.etag).toBe(md5(''))
    const got = await api.call(user, 'GET', '/box/empty')
    expect(got.status).toBe(200)
    expect(got.headers['content-length']).toBe('0')
  })
  test.each([
    [{ 'x-delete-at': 'soon' }, 400],
    [{ 'x-delete-at': '1' }, 400],
    [{ 'x-delete-after': '-1' }, 400],
    [{ 'x-delete-after': 'x' }, 400],
    [{ 'x-delete-at': '99999999999999' }, 400],
    [{ [`x-object-meta-${'n'.repeat(129)}`]: 'x' }, 400],
    [{ 'x-object-meta-n': 'x'.repeat(257) }, 400],
    [{ 'x-object-meta-n': '\xff' }, 400],
    [{ 'x-object-meta-': 'x' }, 400],
    [Object.fromEntries(Array.from({ length: 91 }, (_, n) => [`x-object-meta-${n}`, 'x'])), 400],
    [Object.fromEntries(Array.from({ length: 20 }, (_, n) => [`x-object-meta-${n}`, 'x'.repeat(250)])), 400],
    [{ 'x-object-manifest': 'a/b' }, 501],
    [{ 'x-copy-from': '/box/none' }, 400],
    [{ 'content-length': '0', 'x-copy-from': 'nothing' }, 412],
    [{ 'content-length': '0', 'x-copy-from': '/box/none' }, 404],
  ])('%j is refused', async (headers, status) => {
    const body = 'content-length' in headers ? '' : 'data'
    expect((await api.put(user, '/box/o', body, headers as Record<string, string>)).status).toBe(status)
    expect((await api.call(user, 'GET', '/box/o')).status).toBe(404)
  })
})

describe('ranges and conditions', () => {
  const get = (headers: Record<string, string>) => api.call(user, 'GET', '/box/o', { headers })
  beforeEach(() => api.put(user, '/box/o', '0123456789'))
  test.each([
    ['bytes=0-4', 206, '01234'],
    ['bytes=8-', 206, '89'],
    ['bytes=-3', 206, '789'],
    ['bytes=5-100', 206, '56789'],
    ['bytes=20-', 416, undefined],
    ['bytes=x', 200, '0123456789'],
    ['bytes=0-1,3-4', 200, '0123456789'],
  ])('Range: %s', async (range, status, text) => {
    const reply = await get({ range })
    expect(reply.status).toBe(status)
    if (text !== undefined) expect(reply.text).toBe(text)
    if (status === 416) expect(reply.headers['content-range']).toBe('bytes */10')
  })
  const etag = md5('0123456789')
  const [past, future] = ['Mon, 01 Jan 2001 00:00:00 GMT', 'Thu, 01 Jan 2099 00:00:00 GMT']
  test.each([
    [{ 'if-match': etag }, 200],
    [{ 'if-match': `"${etag}"` }, 200],
    [{ 'if-match': '*' }, 200],
    [{ 'if-match': 'x' }, 412],
    [{ 'if-none-match': etag }, 304],
    [{ 'if-none-match': `x, "${etag}"` }, 304],
    [{ 'if-none-match': '*' }, 304],
    [{ 'if-none-match': 'x' }, 200],
    [{ 'if-modified-since': past }, 200],
    [{ 'if-modified-since': future }, 304],
    [{ 'if-unmodified-since': past }, 412],
    [{ 'if-unmodified-since': future }, 200],
    [{ 'if-modified-since': 'yesterday' }, 200],
    [{ range: 'bytes=0-1', 'if-range': etag }, 206],
    [{ range: 'bytes=0-1', 'if-range': 'x' }, 200],
  ])('%j: %i', async (headers, status) => {
    const reply = await get(headers as Record<string, string>)
    expect(reply.status).toBe(status)
    expect(reply.headers.etag).toBe(etag)
    if (status === 304) expect(reply.text).toBe('')
    const head = await api.call(user, 'HEAD', '/box/o', { headers: headers as Record<string, string> })
    expect(head.status).toBe(status === 206 ? 200 : status)
  })
})

test('POST replaces what is said, and not the data', async () => {
  await api.put(user, '/box/o', 'data', { 'x-object-meta-a': '1', 'content-encoding': 'gzip' })
  const posted = await api.call(user, 'POST', '/box/o', {
    headers: { 'x-object-meta-b': 'zwölf'.replace('ö', '\xc3\xb6'), 'content-type': 'text/html' },
  })
  expect(posted.status).toBe(202)
  const { headers, text } = await api.call(user, 'GET', '/box/o')
  expect(text).toBe('data')
  expect(headers).not.toHaveProperty('x-object-meta-a')
  expect(headers).not.toHaveProperty('content-encoding')
  expect(Buffer.from(String(headers['x-object-meta-b']), 'latin1').toString()).toBe('zwölf')
  expect(headers['content-type']).toBe('text/html')
  await api.call(user, 'POST', '/box/o', { headers: { 'x-object-meta-c': '3' } })
  expect((await api.call(user, 'HEAD', '/box/o')).headers).toMatchObject({
    'x-object-meta-c': '3',
    'content-type': 'text/html',
  })
})

describe('copying', () => {
  beforeEach(async () => {
    await api.call(user, 'PUT', '/other')
    await api.put(user, '/box/a', 'data', { 'x-object-meta-a': '1', 'content-type': 'text/css' })
  })
  test('by COPY', async () => {
    const headers = { destination: 'other/b%20c', 'x-object-meta-b': '2' }
    const reply = await api.call(user, 'COPY', '/box/a', { headers })
    expect(reply.status).toBe(201)
    expect(reply.headers).toMatchObject({ etag: md5('data'), 'x-copied-from': 'box/a' })
    const got = await api.call(user, 'GET', '/other/b%20c')
    expect(got.text).toBe('data')
    expect(got.headers).toMatchObject({
      'content-type': 'text/css',
      'x-object-meta-a': '1',
      'x-object-meta-b': '2',
    })
    expect(await usage('/other')).toEqual([1, 4])
  })
  test('by PUT, onto itself, with fresh metadata', async () => {
    const headers = { 'x-copy-from': '/box/a', 'content-length': '0', 'x-fresh-metadata': 'true' }
    expect((await api.put(user, '/box/a', '', { ...headers, 'x-object-meta-z': '9' })).status).toBe(201)
    const got = await api.call(user, 'GET', '/box/a')
    expect(got.text).toBe('data')
    expect(got.headers['x-object-meta-z']).toBe('9')
    expect(got.headers).not.toHaveProperty('x-object-meta-a')
    expect(await usage()).toEqual([1, 4])
  })
  test('needs a destination that is there, and may be written', async () => {
    expect((await api.call(user, 'COPY', '/box/a')).status).toBe(412)
    for (const [destination, status] of [
      ['nowhere/b', 404],
      ['onlycontainer', 412],
    ] as const)
      expect((await api.call(user, 'COPY', '/box/a', { headers: { destination } })).status).toBe(status)
    const stranger = persona('member')
    const steal = { destination: 'mine/a', 'destination-account': `AUTH_${stranger.projectId}` }
    await api.call(stranger, 'PUT', '/mine')
    expect((await api.call(user, 'COPY', '/box/a', { headers: steal })).status).toBe(403)
    const take = {
      'x-copy-from': '/box/a',
      'x-copy-from-account': `AUTH_${user.projectId}`,
      'content-length': '0',
    }
    expect((await api.put(stranger, '/mine/a', '', take)).status).toBe(403)
    await api.call(user, 'POST', '/box', { headers: { 'x-container-read': `${stranger.projectId}:*` } })
    expect((await api.put(stranger, '/mine/a', '', take)).status).toBe(201)
  })
})

test('a container of expired objects only is empty', async () => {
  await api.put(user, '/box/o', 'data', { 'x-delete-after': '1000' })
  expect((await api.call(user, 'DELETE', '/box')).status).toBe(409)
  api.advance(1_001)
  expect((await api.call(user, 'DELETE', '/box')).status).toBe(204)
})

test('an object disappears when its time has come, and its bytes with it', async () => {
  const before = api.files().length
  const at = String(Math.floor(api.now().getTime() / 1_000) + 1_000)
  await api.put(user, '/box/at', 'data', { 'x-delete-at': at })
  await api.put(user, '/box/after', 'data', { 'x-delete-after': '1000' })
  await api.put(user, '/box/stays', 'data')
  expect((await api.call(user, 'HEAD', '/box/at')).headers['x-delete-at']).toBe(at)
  api.advance(1_001)
  expect((await api.call(user, 'GET', '/box/at')).status).toBe(404)
  expect((await api.call(user, 'GET', '/box')).lines).toEqual(['stays'])
  expect((await api.put(user, '/box/after', 'new', { 'if-none-match': '*' })).status).toBe(201)
  await eventually(async () => (await usage())[0] === 2)
  expect((await api.call(user, 'GET', '/box/after')).text).toBe('new')
  await eventually(() => api.files().length === before + 2)
  expect(await usage()).toEqual([2, 7])
})
