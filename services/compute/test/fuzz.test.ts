/** Every route of the OpenAPI document, by two tenants and an administrator: no 5xx, and no tenant sees the other. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { newId } from '@caelum/kernel'
import { Fuzzer, fuzzAll, type OpenApiDocument, type Persona, persona } from '@caelum/testkit'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type TestApp, testApp } from './app.ts'
import { IMAGE } from './neighbours.ts'

const document: OpenApiDocument = JSON.parse(
  readFileSync(join(import.meta.dirname, '../../../openapi/compute.json'), 'utf8'),
)
let api: TestApp
beforeAll(async () => {
  api = await testApp()
})
afterAll(() => api.close())

async function things(who: Persona, name: string) {
  const network = newId()
  api.around.networks.set(network, { id: network, name, project_id: who.projectId })
  const fields = { name, imageRef: IMAGE.id, flavorRef: '1', metadata: { alpha: name } }
  const server = await api.call(who, 'POST', '/servers', { body: { server: fields } })
  const keypair = await api.call(who, 'POST', '/os-keypairs', { body: { keypair: { name } } })
  const body = { server_group: { name, policies: ['affinity'] } }
  const group = await api.call(who, 'POST', '/os-server-groups', { body })
  expect([server.status, keypair.status, group.status]).toEqual([202, 200, 200])
  return { network, server: server.body.server.id, group: group.body.server_group.id, keypair: name }
}

type Things = Awaited<ReturnType<typeof things>>
function fuzz(seed: number, whos: readonly Persona[], of: readonly Things[]) {
  const all = (key: keyof Things) => of.map(it => it[key])
  const ids = {
    servers: all('server'),
    'os-server-groups': all('group'),
    'os-keypairs': all('keypair'),
    key_names: all('keypair'),
    flavors: ['1', '2'],
    flavorRefs: ['1'],
    imageRefs: [IMAGE.id],
    networks: all('network'),
    'os-quota-sets': whos.map(it => it.projectId),
  }
  const fuzzer = new Fuzzer({ document, seed, ids })
  return fuzzAll(fuzzer, 12, async ({ method, url, body }) => {
    const reply = await api.app.inject({
      method: method as 'GET',
      url,
      headers: {
        ...fuzzer.pick(whos).headers,
        'content-type': 'application/json',
        'openstack-api-version': fuzzer.pick(['compute latest', 'compute 2.1', 'compute 2.50']),
      },
      ...(body === undefined ? {} : { payload: JSON.stringify(body) }),
    })
    return { status: reply.statusCode, text: reply.body }
  })
}

test('a tenant learns nothing of another', async () => {
  const [mine, theirs] = [persona('member'), persona('member')]
  const [own, foreign] = [await things(mine, 'mine'), await things(theirs, 'theirs-alone')]
  const { failures, answers } = await fuzz(20_261_126, [mine], [own, foreign])
  expect(failures).toEqual([])
  const secrets = ['theirs-alone', theirs.projectId, foreign.server, foreign.group]
  expect(
    answers.filter(({ text, request }) => secrets.some(it => text.includes(it) && !request.includes(it))),
  ).toEqual([])
  expect(answers.length).toBeGreaterThan(100)
  const still = await api.call(theirs, 'GET', `/servers/${foreign.server}`)
  expect(still.body.server).toMatchObject({ name: 'theirs-alone', metadata: { alpha: 'theirs-alone' } })
})

test('an administrator makes no 5xx either', async () => {
  const [admin, member] = [persona('admin'), persona('member')]
  const { failures, answers } = await fuzz(20_261_127, [admin, member], [await things(member, 'x')])
  expect(failures).toEqual([])
  expect(answers.length).toBeGreaterThan(100)
})
