/** Every route of the OpenAPI document, by two tenants and an administrator: no 5xx, and no tenant sees the other. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Fuzzer, fuzzAll, type OpenApiDocument, type Persona, persona } from '@caelum/testkit'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type TestApp, testApp } from './app.ts'

const document: OpenApiDocument = JSON.parse(
  readFileSync(join(import.meta.dirname, '../../../openapi/object-storage.json'), 'utf8'),
)
let api: TestApp
beforeAll(async () => {
  api = await testApp()
})
afterAll(() => api.close())

const account = (who: Persona) => `AUTH_${who.projectId}`
async function fill(who: Persona, text: string): Promise<void> {
  await api.put(who, '/c', '')
  await api.put(who, '/c/o', text)
}

function fuzz(seed: number, whos: readonly Persona[], accounts: readonly string[]) {
  const ids = { v1: accounts, '{account}': ['c', 'd', 'é'], '{container}': ['o', 'a/b', 'é'] }
  const fuzzer = new Fuzzer({ document, seed, ids })
  return fuzzAll(fuzzer, 60, async ({ method, url }) => {
    const sends = method === 'PUT' || method === 'POST'
    const headers: Record<string, string> = { ...fuzzer.pick(whos).headers }
    headers['x-copy-from'] = fuzzer.pick(['', '/c/o', '/c/a%2Fb', 'o', '/'])
    headers['destination'] = fuzzer.pick(['', 'd/o', 'c/o', '/', '%ff/x'])
    headers['x-container-read'] = fuzzer.pick(['', '.r:*', '*:*', 'x'])
    headers['range'] = fuzzer.pick(['', 'bytes=0-1', 'bytes=-1', 'bytes=9-1', 'x'])
    const some = Object.fromEntries(
      Object.entries(headers).filter(
        ([name, value]) => name === 'x-auth-token' || (value && fuzzer.pick([0, 1])),
      ),
    )
    const reply = await api.app.inject({
      method: method as 'GET',
      url,
      headers: { ...some, ...(sends ? { 'content-type': 'text/plain' } : {}) },
      ...(sends ? { payload: fuzzer.pick(['', 'data']) } : {}),
    })
    return { status: reply.statusCode, text: reply.body }
  })
}
test('a tenant learns nothing of another', async () => {
  const [mine, theirs] = [persona('member'), persona('member')]
  await fill(mine, 'mine')
  await fill(theirs, 'theirs-alone')
  const { failures, answers } = await fuzz(20_261_130, [mine], [account(mine), account(theirs)])
  expect(failures).toEqual([])
  expect(answers.filter(({ text }) => text.includes('theirs-alone'))).toEqual([])
  expect(answers.length).toBeGreaterThan(100)
  expect((await api.call(theirs, 'GET', '/c/o')).text).toBe('theirs-alone')
})

test('an administrator makes no 5xx either', async () => {
  const [admin, member] = [persona('admin'), persona('member')]
  await fill(member, 'x')
  const { failures, answers } = await fuzz(20_261_131, [admin, member], [account(member)])
  expect(failures).toEqual([])
  expect(answers.length).toBeGreaterThan(100)
})
