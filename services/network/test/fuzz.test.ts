/** Every route of the OpenAPI document, by two tenants and an administrator: no 5xx, and no tenant sees the other. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Fuzzer, fuzzAll, type OpenApiDocument, type Persona, persona } from '@caelum/testkit'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type TestApp, testApp } from './app.ts'

const document: OpenApiDocument = JSON.parse(
  readFileSync(join(import.meta.dirname, '../../../openapi/network.json'), 'utf8'),
)
let api: TestApp
beforeAll(async () => {
  api = await testApp()
})
afterAll(() => api.close())

async function things(who: Persona, name: string) {
  const network = await api.network(who, { name })
  const subnet = await api.subnet(who, network.id, { name })
  const port = await api.port(who, network.id, { name })
  const group = await api.group(who, { name })
  return { networks: network.id, subnets: subnet.id, ports: port.id, 'security-groups': group.id }
}

function fuzz(seed: number, whos: readonly Persona[], of: Record<string, string>[]) {
  const both = (key: string) => of.flatMap(it => it[key] ?? [])
  const ids = {
    networks: both('networks'),
    subnets: both('subnets'),
    ports: both('ports'),
    devices: both('ports'),
    'security-groups': both('security-groups'),
    security_groups: both('security-groups'),
    quotas: whos.map(it => it.projectId),
    projects: whos.map(it => it.projectId),
  }
  const fuzzer = new Fuzzer({ document, seed, ids })
  return fuzzAll(fuzzer, 15, async ({ method, url, body }) => {
    const reply = await api.app.inject({
      method: method as 'GET',
      url,
      headers: { ...fuzzer.pick(whos).headers, 'content-type': 'application/json' },
      ...(body === undefined ? {} : { payload: JSON.stringify(body) }),
    })
    return { status: reply.statusCode, text: reply.body }
  })
}

test('a tenant learns nothing of another', async () => {
  const [mine, theirs] = [persona('member'), persona('member')]
  const foreign = await things(theirs, 'theirs-alone')
  const own = await things(mine, 'mine')
  const { failures, answers } = await fuzz(20_261_124, [mine], [own, foreign])
  expect(failures).toEqual([])
  const secrets = ['theirs-alone', theirs.projectId]
  expect(
    answers.filter(({ text, request }) => secrets.some(it => text.includes(it) && !request.includes(it))),
  ).toEqual([])
  expect(answers.length).toBeGreaterThan(100)
  const still = await api.call(theirs, 'GET', `/networks/${foreign.networks}`)
  expect(still.body.network.name).toBe('theirs-alone')
})

test('an administrator makes no 5xx either', async () => {
  const [admin, member] = [persona('admin'), persona('member')]
  const { failures, answers } = await fuzz(20_261_125, [admin, member], [await things(member, 'x')])
  expect(failures).toEqual([])
  expect(answers.length).toBeGreaterThan(100)
})
