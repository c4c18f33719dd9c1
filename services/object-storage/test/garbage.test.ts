import { persona } from '@caelum/testkit'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Method, type TestApp, testApp } from './app.ts'

let api: TestApp
beforeAll(async () => {
  api = await testApp()
})
afterAll(() => api.close())

const METHODS: Method[] = ['GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'COPY']
const WORDS = [
  ...['x', '%27', '%00', '%ff', '%', '%F0%9F%98%80', 'a%2Fb', '%0a', '-1', '9'.repeat(40), '.', '%2e%2e'],
  ...['%7B%7D', '__proto__', 'constructor', 'x'.repeat(2_000), '%ED%A0%80', '%EF%BF%BF', '*', ';', '//', '+'],
]
const QUERIES = ['limit', 'marker', 'end_marker', 'prefix', 'delimiter', 'path', 'format', 'reverse']
const HEADERS = [
  ...['x-container-read', 'x-container-write', 'x-container-meta-quota-bytes', 'x-container-meta-a'],
  ...['x-account-meta-a', 'x-account-meta-quota-bytes', 'x-object-meta-a', 'x-delete-at', 'x-delete-after'],
  ...['destination', 'destination-account', 'x-copy-from', 'x-copy-from-account', 'etag', 'if-none-match'],
  ...['if-match', 'if-modified-since', 'range', 'if-range', 'content-type', 'content-encoding', 'accept'],
  ...['x-storage-policy', 'x-remove-container-read', 'x-fresh-metadata', 'referer', 'expires'],
]
const VALUES = [
  ...[
    '',
    'x',
    '*',
    '-1',
    '0',
    '9'.repeat(40),
    '\xff',
    '\xc3\xa9',
    '%ff',
    '%00',
    '/',
    'a/b',
    '.r:*',
    '.r:',
    ':',
  ],
  ...['bytes=', 'bytes=0-0', 'bytes=99-', 'x'.repeat(3_000), '"', ',,,', '1e400', 'NaN', '__proto__'],
]

test('whatever is sent to whichever path, the fault is never ours', async () => {
  const [user, admin] = [persona('member'), persona('admin')]
  const faults: unknown[] = []
  const send = async (method: Method, path: string, headers: Record<string, string> = {}) => {
    for (const who of [user, admin, null]) {
      const account = `AUTH_${user.projectId}`
      const options = { account, headers, ...(method === 'PUT' ? { body: 'x' } : {}) }
      const { status } = await api.call(who, method, path, options)
      if (status >= 500 && status !== 501) faults.push([method, path.slice(0, 80), headers, status])
    }
  }
  await api.call(user, 'PUT', '/box')
  for (const word of WORDS)
    for (const method of METHODS)
      for (const path of [`/${word}`, `/box/${word}`, `/${word}/${word}`, `/${word}?${word}=${word}`])
        await send(method, path)
  for (const name of QUERIES)
    for (const word of WORDS)
      for (const path of ['', '/box']) await send('GET', `${path}?${name}=${word}&${name}=${word}`)
  await api.put(user, '/box/o')
  for (const name of HEADERS)
    for (const value of VALUES)
      for (const [method, path] of [
        ['POST', ''],
        ['PUT', '/box'],
        ['PUT', '/box/o'],
        ['POST', '/box/o'],
        ['COPY', '/box/o'],
        ['GET', '/box/o'],
      ] as const)
        await send(method, path, { [name]: value })
  expect(faults).toEqual([])
}, 120_000)
