/** Every route of the OpenAPI document, by two tenants and an administrator: no 5xx, and no tenant sees the other. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Fuzzer, fuzzAll, type OpenApiDocument, type Persona, persona } from '@caelum/testkit'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type TestApp, testApp } from './app.ts'

const document: OpenApiDocument = JSON.parse(
  readFileSync(join(import.meta.dirname, '../../../openapi/image.json'), 'utf8'),
)
let api: TestApp
beforeAll(async () => {
  api = await testApp({ quotaCount: 1_000 })
})
afterAll(() => api.close())

function fuzz(seed: number, whos: readonly Persona[], images: readonly string[]) {
  const ids = { images, members: whos.map(it => it.projectId) }
  const fuzzer = new Fuzzer({ document, seed, ids })
  return fuzzAll(fuzzer, 30, async ({ method, url, body }) => {
    const reply = await api.app.inject({
      method: method as 'GET',
      url,
      headers: {
        ...fuzzer.pick(whos).headers,
        'content-type':
          method === 'PATCH' ? 'application/openstack-images-v2.1-json-patch' : 'application/json',
      },
      ...(body === undefined ? {} : { payload: JSON.stringify(body) }),
    })
    return { status: reply.statusCode, text: reply.body }
  })
}

test('a tenant learns nothing of another', async () => {
  const [mine, theirs] = [persona('member'), persona('member')]
  const own = await api.create(mine, { name: 'mine' })
  const foreign = await api.create(theirs, { name: 'theirs-alone' })
  const { failures, answers } = await fuzz(20_261_128, [mine], [own.id, foreign.id])
  expect(failures).toEqual([])
  const secrets = ['theirs-alone', theirs.projectId]
  expect(
    answers.filter(({ text, request }) => secrets.some(it => text.includes(it) && !request.includes(it))),
  ).toEqual([])
  expect(answers.length).toBeGreaterThan(100)
  expect((await api.call(theirs, 'GET', `/v2/images/${foreign.id}`)).body.name).toBe('theirs-alone')
})

test('an administrator makes no 5xx either', async () => {
  const [admin, member] = [persona('admin'), persona('member')]
  const { failures, answers } = await fuzz(20_261_129, [admin, member], [(await api.create(member)).id])
  expect(failures).toEqual([])
  expect(answers.length).toBeGreaterThan(100)
})
