import { persona } from '@caelum/testkit'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { routesOf } from '../src/app.ts'
import { type TestApp, testApp } from './app.ts'

let api: TestApp
beforeAll(async () => {
  api = await testApp({ quotaCount: 1_000 })
})
afterAll(() => api.close())

const WORDS = [
  ...['x', '%27', '%00', '%ff', '%', '%F0%9F%98%80', 'a%2Fb', '%0a', '-1', '9'.repeat(40), 'in:', 'in:"'],
  ...['gt:', 'null', 'true', '%7B%7D', '%5B', '__proto__', 'constructor', 'x'.repeat(600), '%ED%A0%80'],
]
const BODIES = [
  ...['', '{', 'null', '[]', '{}', '"x"', '7', '[7]', '[[]]', '[null]', '{"a":{}}', '{"name":{"a":1}}'],
  ...['{"__proto__":{"a":"b"}}', '{"constructor":"x"}', '{"toString":"x"}', '{"tags":[null]}', '{"id":7}'],
  ...['{"name":"\\u0000"}', '{"a":"\\ud800"}', '{"min_ram":1e400}', '{"min_ram":1.5}', '{"member":[]}'],
  ...['{"status":["accepted"]}', '[{"op":"add","path":"/__proto__","value":"x"}]'],
  ...['[{"op":"add","path":"/a","value":"x"},{"op":"remove","path":"/a"}]', '[{"op":{},"path":[]}]'],
  ...[JSON.stringify(Array(2_000).fill({ op: 'add', path: '/a', value: 'x' })), '\xff\xfe'],
]
const TYPES = ['application/json', 'application/openstack-images-v2.1-json-patch', 'text/plain', 'x', '']
const QUERIES = [
  'limit',
  'marker',
  'sort',
  'sort_key',
  'sort_dir',
  'name',
  'id',
  'status',
  'tag',
  'visibility',
]
const FILTERS = [
  'size_min',
  'created_at',
  'updated_at',
  'os_hidden',
  'protected',
  'owner',
  'min_ram',
  '__proto__',
]

test('whatever is sent to whichever route, the fault is never ours', async () => {
  const [user, admin] = [persona('member'), persona('admin')]
  const { id } = await api.create(user)
  const faults: unknown[] = []
  const send = async (method: string, url: string, body?: string, type?: string) => {
    for (const who of [user, admin]) {
      const reply = await api.app.inject({
        method: method as 'GET',
        url,
        headers: { ...who.headers, ...(type === undefined ? {} : { 'content-type': type }) },
        ...(body === undefined ? {} : { payload: body }),
      })
      if (reply.statusCode >= 500) faults.push([method, url, body?.slice(0, 80), type, reply.statusCode])
    }
  }
  for (const { method, path } of routesOf(api.deps)) {
    const paths = [id, ...WORDS].map(word => path.replace(':image_id', id).replace(/:\w+/, word))
    const strange = WORDS.map(word => path.replaceAll(/:\w+/g, word))
    for (const url of new Set([...paths, ...strange])) await send(method, url)
    if (method === 'GET' || method === 'HEAD') continue
    const real = path.replace(':image_id', id).replaceAll(/:\w+/g, 'x')
    for (const body of BODIES) for (const type of TYPES) await send(method, real, body, type)
  }
  for (const name of [...QUERIES, ...FILTERS])
    for (const word of WORDS) await send('GET', `/v2/images?${name}=${word}&${name}=${word}`)
  expect(faults).toEqual([])
}, 120_000)
