import { eventually } from '@caelum/testkit'
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'
import { type TestApp, testApp, testDeps } from './app.ts'
import { type World, world } from './world.ts'

let api: TestApp
let w: World
beforeAll(async () => {
  api = await testApp()
  w = await world(api)
})
afterAll(() => api.close())

const call = (method: 'GET' | 'PATCH' | 'DELETE' | 'PUT' | 'HEAD' | 'POST', url: string, body?: unknown) =>
  api.call(method, `/v3/${url}`, { token: w.admin, ...(body ? { body } : {}) })
const EP = 'OS-EP-FILTER'
const idsOf = async (url: string, many: string) =>
  (await call('GET', url)).body[many].map((it: { id: string }) => it.id)
const group = (name: string, filters: Record<string, unknown>) =>
  w.create(`${EP}/endpoint_groups`, 'endpoint_group', { name, filters })
const endpoint = async (name: string, fields: Record<string, unknown> = {}) => {
  const service_id = await w.create('services', 'service', { type: name, name })
  return w.create('endpoints', 'endpoint', { service_id, interface: 'public', url: 'http://x/', ...fields })
}
/** types of services in the catalogue of a token for the project */
async function catalogOf(project: string): Promise<string[]> {
  const { body } = await api.login(w.user, { project: { id: project } })
  return body.token.catalog.map((it: { type: string }) => it.type)
}

test('an endpoint group is created, shown, listed, changed and deleted', async () => {
  const made = await call('POST', `${EP}/endpoint_groups`, {
    endpoint_group: { name: 'g', description: 'd', filters: { interface: 'admin' } },
  })
  expect(made.status).toBe(201)
  const { id } = made.body.endpoint_group
  expect(made.body.endpoint_group).toEqual({
    id,
    name: 'g',
    description: 'd',
    filters: { interface: 'admin' },
    links: { self: expect.stringMatching(new RegExp(`/v3/${EP}/endpoint_groups/${id}$`)) },
  })
  expect((await call('GET', `${EP}/endpoint_groups/${id}`)).body).toEqual(made.body)
  expect(await idsOf(`${EP}/endpoint_groups?name=g`, 'endpoint_groups')).toEqual([id])
  const change = (endpoint_group: unknown) => call('PATCH', `${EP}/endpoint_groups/${id}`, { endpoint_group })
  expect((await change({ filters: { region_id: 'RegionOne' } })).body.endpoint_group.filters).toEqual({
    region_id: 'RegionOne',
  })
  for (const filters of [{}, { url: 'x' }, { interface: 'secret' }])
    expect((await change({ filters })).status).toBe(400)
  expect((await call('DELETE', `${EP}/endpoint_groups/${id}`)).status).toBe(204)
  expect((await call('GET', `${EP}/endpoint_groups/${id}`)).status).toBe(404)
  expect((await change({ name: 'x' })).status).toBe(404)
})

test('a project finds the endpoints associated with it, and all where there are none', async () => {
  const [one] = [await endpoint('ep-one'), await endpoint('ep-two')]
  const all = await catalogOf(w.project)
  expect(all).toEqual(expect.arrayContaining(['ep-one', 'ep-two', 'compute']))
  const path = `${EP}/projects/${w.project}/endpoints/${one}`
  expect((await call('GET', path)).status).toBe(404)
  expect((await call('PUT', path)).status).toBe(204)
  expect((await call('PUT', path)).status).toBe(409)
  expect((await call('HEAD', path)).status).toBe(204)
  expect(await catalogOf(w.project)).toEqual(['ep-one'])
  expect(await idsOf(`${EP}/projects/${w.project}/endpoints`, 'endpoints')).toEqual([one])
  expect(await idsOf(`${EP}/endpoints/${one}/projects`, 'projects')).toEqual([w.project])
  const token = await api.demo()
  const others = await api.call('GET', '/v3/auth/catalog', { token })
  expect(others.body.catalog.map((it: { type: string }) => it.type)).toEqual(all)
  expect((await call('DELETE', path)).status).toBe(204)
  expect((await call('DELETE', path)).status).toBe(404)
  expect(await catalogOf(w.project)).toEqual(all)
  expect((await call('PUT', `${EP}/projects/nothing/endpoints/${one}`)).status).toBe(404)
  expect((await call('PUT', `${EP}/projects/${w.project}/endpoints/nothing`)).status).toBe(404)
})

test('a group brings the endpoints that have all it names, now and later', async () => {
  await w.create('regions', 'region', { id: 'grouped' })
  const first = await endpoint('gr-one', { region_id: 'grouped' })
  await endpoint('gr-elsewhere', { region_id: 'RegionOne' })
  await endpoint('gr-nowhere')
  const id = await group('regional', { region_id: 'grouped', interface: 'public' })
  expect(await idsOf(`${EP}/endpoint_groups/${id}/endpoints`, 'endpoints')).toEqual([first])
  const path = `${EP}/endpoint_groups/${id}/projects/${w.project}`
  expect((await call('GET', path)).status).toBe(404)
  expect((await call('PUT', path)).status).toBe(204)
  expect((await call('PUT', path)).status).toBe(409)
  expect((await call('GET', path)).body.project_endpoint_group).toMatchObject({
    endpoint_group_id: id,
    project_id: w.project,
  })
  expect(await idsOf(`${EP}/endpoint_groups/${id}/projects`, 'projects')).toEqual([w.project])
  expect(await idsOf(`${EP}/projects/${w.project}/endpoint_groups`, 'endpoint_groups')).toEqual([id])
  expect(await catalogOf(w.project)).toEqual(['gr-one'])
  await endpoint('gr-later', { region_id: 'grouped' })
  await endpoint('gr-admin', { region_id: 'grouped', interface: 'admin' })
  expect(await catalogOf(w.project)).toEqual(['gr-one', 'gr-later'])
  const second = await testDeps(api.database.url)
  onTestFinished(() => second.close())
  expect((await second.catalog.list('u', w.project)).map(it => it.type)).toEqual(['gr-one', 'gr-later'])
  expect((await call('DELETE', path)).status).toBe(204)
  expect((await call('DELETE', path)).status).toBe(404)
  await eventually(async () => (await second.catalog.list('u', w.project)).length > 2)
})

test('what goes takes its associations along', async () => {
  const id = await group('going', { interface: 'internal' })
  const project = await w.create('projects', 'project', { name: 'going' })
  const ep = await endpoint('going')
  await w.put(`/v3/${EP}/endpoint_groups/${id}/projects/${project}`)
  await w.put(`/v3/${EP}/projects/${project}/endpoints/${ep}`)
  expect((await call('DELETE', `endpoints/${ep}`)).status).toBe(204)
  expect((await call('DELETE', `projects/${project}`)).status).toBe(204)
  expect(await idsOf(`${EP}/endpoint_groups/${id}/projects`, 'projects')).toEqual([])
})
