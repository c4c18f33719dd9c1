import { testDatabase } from '@caelum/testkit'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { isStrict } from '../src/resources/limit/model.ts'
import { type TestApp, testApp, testDeps } from './app.ts'
import { type Personas, personas } from './personas.ts'

let api: TestApp
let p: Personas
let service: string
beforeAll(async () => {
  api = await testApp()
  p = await personas(api)
  service = await p.create('services', 'service', { type: 'volume' })
})
afterAll(() => api.close())

type Method = 'GET' | 'PATCH' | 'DELETE' | 'POST'
const call = (method: Method, url: string, body?: unknown, on = api, token = p.admin) =>
  on.call(method, `/v3/${url}`, { token, ...(body ? { body } : {}) })
const register = async (name: string, default_limit = 10) => {
  const fields = { service_id: service, resource_name: name, default_limit }
  const { body } = await call('POST', 'registered_limits', { registered_limits: [fields] })
  return body.registered_limits[0].id as string
}
const limit = (name: string, resource_limit: number, target: Record<string, string>) =>
  call('POST', 'limits', {
    limits: [{ service_id: service, resource_name: name, resource_limit, ...target }],
  })

test('registered limits are created together, listed, changed and deleted', async () => {
  const fields = { service_id: service, resource_name: 'snapshot', default_limit: 5 }
  const made = await call('POST', 'registered_limits', {
    registered_limits: [
      { ...fields, description: 'd' },
      { ...fields, region_id: 'RegionOne' },
    ],
  })
  expect(made.status).toBe(201)
  const [first, second] = made.body.registered_limits
  expect(first).toEqual({
    ...fields,
    id: first.id,
    description: 'd',
    region_id: null,
    links: { self: expect.stringMatching(new RegExp(`/v3/registered_limits/${first.id}$`)) },
  })
  expect((await call('GET', 'registered_limits?resource_name=snapshot')).body.registered_limits).toEqual([
    first,
    second,
  ])
  expect((await call('GET', 'registered_limits?region_id=RegionOne')).body.registered_limits).toEqual([
    second,
  ])
  const again = [{ ...fields, resource_name: 'other' }, fields]
  expect((await call('POST', 'registered_limits', { registered_limits: again })).status).toBe(409)
  expect((await call('GET', 'registered_limits?resource_name=other')).body.registered_limits).toEqual([])
  const change = (id: string, registered_limit: unknown) =>
    call('PATCH', `registered_limits/${id}`, { registered_limit })
  expect((await change(second.id, { region_id: null })).status).toBe(409)
  expect((await change(second.id, { service_id: 'nothing' })).status).toBe(400)
  expect((await change(second.id, { default_limit: 7 })).body.registered_limit.default_limit).toBe(7)
  expect((await call('DELETE', `registered_limits/${second.id}`)).status).toBe(204)
  expect((await call('GET', `registered_limits/${second.id}`)).status).toBe(404)
})

test.each<[string, Record<string, unknown>]>([
  ['no service', { resource_name: 'x', default_limit: 1 }],
  ['a service that is not there', { service_id: 'nothing', resource_name: 'x', default_limit: 1 }],
  ['less than -1', { resource_name: 'x', default_limit: -2 }],
  ['no integer', { resource_name: 'x', default_limit: '1' }],
  ['more than an integer holds', { resource_name: 'x', default_limit: 2 ** 31 }],
  ['something unknown', { resource_name: 'x', default_limit: 1, extra: 1 }],
])('a registered limit with %s is refused', async (what, fields) => {
  const whole = what === 'no service' ? fields : { service_id: service, ...fields }
  expect((await call('POST', 'registered_limits', { registered_limits: [whole] })).status).toBe(400)
})

test('limits lean on a registered one, which cannot change meanwhile', async () => {
  const registered = await register('volume')
  expect((await limit('unheard-of', 1, { project_id: p.project })).status).toBe(403)
  const made = await limit('volume', 3, { project_id: p.project })
  expect(made.status).toBe(201)
  const [one] = made.body.limits
  expect(one).toEqual({
    id: one.id,
    project_id: p.project,
    domain_id: null,
    service_id: service,
    region_id: null,
    resource_name: 'volume',
    resource_limit: 3,
    description: null,
    links: { self: expect.stringMatching(new RegExp(`/v3/limits/${one.id}$`)) },
  })
  expect((await limit('volume', 4, { project_id: p.project })).status).toBe(409)
  expect((await limit('volume', 4, { project_id: 'nothing' })).status).toBe(400)
  expect((await limit('volume', 4, { domain_id: p.project })).status).toBe(400)
  expect((await limit('volume', 4, { project_id: p.project, domain_id: 'default' })).status).toBe(400)
  expect((await limit('volume', 4, {})).status).toBe(400)
  const asDomain = await limit('volume', 4, { project_id: 'default' })
  expect(asDomain.body.limits[0]).toMatchObject({ project_id: null, domain_id: 'default' })
  const patch = { registered_limit: { default_limit: 1 } }
  expect((await call('PATCH', `registered_limits/${registered}`, patch)).status).toBe(403)
  expect((await call('DELETE', `registered_limits/${registered}`)).status).toBe(403)
  const changed = await call('PATCH', `limits/${one.id}`, {
    limit: { resource_limit: 0, description: 'none' },
  })
  expect(changed.body.limit).toMatchObject({ resource_limit: 0, description: 'none' })
  expect((await call('PATCH', `limits/${one.id}`, { limit: { project_id: 'x' } })).status).toBe(400)
  for (const { id } of [one, asDomain.body.limits[0]])
    expect((await call('DELETE', `limits/${id}`)).status).toBe(204)
  expect((await call('GET', `limits/${one.id}`)).status).toBe(404)
  expect((await call('DELETE', `registered_limits/${registered}`)).status).toBe(204)
})

test('limits of several are made together or not at all', async () => {
  await register('backup')
  const fields = { service_id: service, resource_name: 'backup', resource_limit: 1 }
  const two = [
    { ...fields, project_id: p.project },
    { ...fields, resource_name: 'unheard-of', project_id: p.project },
  ]
  expect((await call('POST', 'limits', { limits: two })).status).toBe(403)
  expect((await call('GET', 'limits?resource_name=backup')).body.limits).toEqual([])
})

test('a project that goes takes its limits along, a service what is registered for it', async () => {
  const other = await p.create('services', 'service', { type: 'passing' })
  const fields = { service_id: other, resource_name: 'r' }
  await call('POST', 'registered_limits', { registered_limits: [{ ...fields, default_limit: 1 }] })
  const project = await p.create('projects', 'project', { name: 'passing' })
  const made = await call('POST', 'limits', {
    limits: [
      { ...fields, resource_limit: 2, project_id: project },
      { ...fields, resource_limit: 2, project_id: p.otherProject },
    ],
  })
  const [gone, left] = made.body.limits
  expect((await call('DELETE', `projects/${project}`)).status).toBe(204)
  expect((await call('GET', `limits/${gone.id}`)).status).toBe(404)
  expect((await call('DELETE', `services/${other}`)).status).toBe(204)
  expect((await call('GET', `limits/${left.id}`)).status).toBe(404)
})

describe('who sees which limits', () => {
  const made: Record<string, string> = {}
  beforeAll(async () => {
    await register('seen')
    for (const [name, target] of Object.entries({
      ownDomain: { domain_id: p.home.domain },
      ownProject: { project_id: p.home.project },
      foreignDomain: { domain_id: p.abroad.domain },
      foreignProject: { project_id: p.abroad.project },
    }))
      made[name] = (await limit('seen', 5, target)).body.limits[0].id
  })

  test.each([
    ['system reader', ['ownDomain', 'ownProject', 'foreignDomain', 'foreignProject']],
    ['service', ['ownDomain', 'ownProject', 'foreignDomain', 'foreignProject']],
    ['domain admin', ['ownDomain', 'ownProject']],
    ['domain reader', ['ownDomain', 'ownProject']],
    ['project reader', ['ownProject']],
    ['nobody', []],
  ] as const)('%s: %s', async (persona, seen) => {
    const token = p.token(persona)
    const { body, status } = await call('GET', 'limits?resource_name=seen', undefined, api, token)
    if (persona === 'nobody') expect(status).toBe(403)
    else
      expect(body.limits.map((it: { id: string }) => it.id).sort()).toEqual(seen.map(it => made[it]).sort())
    for (const [name, id] of Object.entries(made)) {
      const { status } = await call('GET', `limits/${id}`, undefined, api, token)
      expect([name, status]).toEqual([name, (seen as readonly string[]).includes(name) ? 200 : 403])
    }
    const model = await call('GET', 'limits/model', undefined, api, token)
    expect(model.body.model.name).toBe('flat')
  })

  test('a project shows those of its parents and of what is below it', async () => {
    const below = await p.create('projects', 'project', { name: 'below', parent_id: p.home.project })
    await limit('seen', 2, { project_id: below })
    const shown = await call('GET', `projects/${p.home.project}?subtree_as_list&include_limits`)
    expect(shown.body.project.subtree[0].project.limits).toMatchObject([{ resource_limit: 2 }])
    const up = await call('GET', `projects/${below}?parents_as_list&include_limits`)
    expect(up.body.project.parents[0].project.limits).toMatchObject([{ id: made['ownProject'] }])
    const bare = await call('GET', `projects/${below}?parents_as_list`)
    expect(bare.body.project.parents[0].project).not.toHaveProperty('limits')
  })
})

describe('the strict two-level model', () => {
  let strict: TestApp
  let admin: string
  const ids = { service: '', domain: '', project: '' }
  const post = (many: string, body: unknown) => strict.call('POST', `/v3/${many}`, { token: admin, body })
  const wanted = (resource_limit: number, target: Record<string, string>) => ({
    service_id: ids.service,
    resource_name: 'r',
    resource_limit,
    ...target,
  })
  beforeAll(async () => {
    strict = await testApp({ limitModel: 'strict_two_level' })
    admin = await strict.admin()
    ids.service = (await post('services', { service: { type: 't' } })).body.service.id
    ids.domain = (await post('domains', { domain: { name: 'd' } })).body.domain.id
    ids.project = (await post('projects', { project: { name: 'p', domain_id: ids.domain } })).body.project.id
    const registered = { service_id: ids.service, resource_name: 'r', default_limit: 10 }
    await post('registered_limits', { registered_limits: [registered] })
  })
  afterAll(() => strict.close())

  test('says so, and has no projects below projects', async () => {
    const model = await strict.call('GET', '/v3/limits/model', { token: admin })
    expect(model.body.model.name).toBe('strict_two_level')
    const below = await post('projects', { project: { name: 'q', parent_id: ids.project } })
    expect(below.status).toBe(403)
  })

  test('keeps a project’s limit within its domain’s, or the default', async () => {
    const domain = { domain_id: ids.domain }
    const project = { project_id: ids.project }
    expect((await post('limits', { limits: [wanted(11, project)] })).status).toBe(403)
    const both = await post('limits', { limits: [wanted(20, project), wanted(20, domain)] })
    expect(both.status).toBe(201)
    const [ofProject, ofDomain] = both.body.limits
    const change = (id: string, resource_limit: number) =>
      strict.call('PATCH', `/v3/limits/${id}`, { token: admin, body: { limit: { resource_limit } } })
    expect((await change(ofProject.id, 21)).status).toBe(403)
    expect((await change(ofProject.id, -1)).status).toBe(403)
    expect((await change(ofDomain.id, 19)).status).toBe(403)
    expect((await change(ofProject.id, 15)).status).toBe(200)
    expect((await change(ofDomain.id, 15)).status).toBe(200)
    expect((await change(ofDomain.id, -1)).status).toBe(200)
    expect((await change(ofProject.id, -1)).status).toBe(200)
  })

  test('of two changes at once that would break a tree together, one is refused', async () => {
    const domain = (await post('domains', { domain: { name: 'raced' } })).body.domain.id
    const fields = { project: { name: 'p', domain_id: domain } }
    const project = (await post('projects', fields)).body.project.id
    const made = await post('limits', {
      limits: [wanted(5, { project_id: project }), wanted(10, { domain_id: domain })],
    })
    const [ofProject, ofDomain] = made.body.limits
    const change = (id: string, resource_limit: number) =>
      strict.call('PATCH', `/v3/limits/${id}`, { token: admin, body: { limit: { resource_limit } } })
    const answers = await Promise.all([change(ofProject.id, 9), change(ofDomain.id, 6)])
    expect(answers.map(it => it.status).sort()).toEqual([200, 403])
  })

  test('does not start where projects are below projects', async () => {
    const database = await testDatabase('identity')
    onTestFinished(() => database.drop())
    const flat = await testDeps(database.url)
    const domain = await flat.db.project.findFirstOrThrow({ where: { is_domain: true } })
    const row = { created_at: new Date(), domain_id: domain.id }
    await flat.db.project.create({ data: { ...row, id: 'up', name: 'up', parent_id: domain.id } })
    await flat.db.project.create({ data: { ...row, id: 'down', name: 'down', parent_id: 'up' } })
    await flat.close()
    await expect(testDeps(database.url, {}, { limitModel: 'strict_two_level' })).rejects.toThrow(
      /strict_two_level/,
    )
  })
})

test.each([
  [{ domainLimit: 5, defaultLimit: 10, projectLimits: [5, 0] }, true],
  [{ domainLimit: 5, defaultLimit: 10, projectLimits: [6] }, false],
  [{ domainLimit: null, defaultLimit: 10, projectLimits: [10] }, true],
  [{ domainLimit: null, defaultLimit: 10, projectLimits: [11] }, false],
  [{ domainLimit: -1, defaultLimit: 1, projectLimits: [-1, 99] }, true],
  [{ domainLimit: 0, defaultLimit: 1, projectLimits: [] }, true],
  [{ domainLimit: 0, defaultLimit: 1, projectLimits: [-1] }, false],
])('%j is strict: %s', (tree, expected) => {
  expect(isStrict(tree)).toBe(expected)
})
