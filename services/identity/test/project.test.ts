import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type TestApp, testApp } from './app.ts'

let api: TestApp
let token: string
beforeAll(async () => {
  api = await testApp()
  token = await api.admin()
})
afterAll(() => api.close())

const create = async (fields: Record<string, unknown>) => {
  const { status, body } = await api.call('POST', '/v3/projects', { token, body: { project: fields } })
  expect(status).toBe(201)
  return body.project
}
const patch = (id: string, fields: Record<string, unknown>) =>
  api.call('PATCH', `/v3/projects/${id}`, { token, body: { project: fields } })
const get = (url: string) => api.call('GET', `/v3/projects${url}`, { token })
const ids = (projects: { id: string }[]) => projects.map(project => project.id)

test('a project is created, shown, changed and deleted', async () => {
  const made = await create({ name: 'one', description: 'd', colour: 'red' })
  expect(made).toMatchObject({
    name: 'one',
    description: 'd',
    domain_id: 'default',
    parent_id: 'default',
    enabled: true,
    is_domain: false,
    tags: [],
    options: {},
    colour: 'red',
    links: { self: expect.stringMatching(new RegExp(`/v3/projects/${made.id}$`)) },
  })
  expect(made.id).toMatch(/^[0-9a-f]{32}$/)
  const changed = await patch(made.id, { description: 'e', enabled: false, size: 1 })
  expect(changed.body.project).toEqual({ ...made, description: 'e', enabled: false, size: 1 })
  expect((await get(`/${made.id}`)).body.project).toEqual(changed.body.project)
  expect((await api.call('DELETE', `/v3/projects/${made.id}`, { token })).status).toBe(204)
  expect((await get(`/${made.id}`)).status).toBe(404)
  expect((await api.call('DELETE', `/v3/projects/${made.id}`, { token })).status).toBe(404)
  expect((await patch(made.id, { name: 'x' })).status).toBe(404)
})

test('a name is taken once per domain', async () => {
  await create({ name: 'taken' })
  const again = await api.call('POST', '/v3/projects', { token, body: { project: { name: 'taken' } } })
  expect(again.status).toBe(409)
  expect(again.body.error.title).toBe('Conflict')
  const domain = await api.call('POST', '/v3/domains', { token, body: { domain: { name: 'elsewhere' } } })
  const there = await create({ name: 'taken', domain_id: domain.body.domain.id })
  expect(there.parent_id).toBe(domain.body.domain.id)
  const other = await create({ name: 'free' })
  expect((await patch(other.id, { name: 'taken' })).status).toBe(409)
})

describe('the tree', () => {
  test('is shown up and down, as ids and as a list', async () => {
    const root = await create({ name: 'root' })
    const child = await create({ name: 'child', parent_id: root.id })
    const leaf = await create({ name: 'leaf', parent_id: child.id })
    expect(leaf.domain_id).toBe('default')
    const up = await get(`/${leaf.id}?parents_as_ids`)
    expect(up.body.project.parents).toEqual({ [child.id]: { [root.id]: { default: null } } })
    const parents = await get(`/${leaf.id}?parents_as_list`)
    expect(ids(parents.body.project.parents.map((it: { project: { id: string } }) => it.project))).toEqual([
      child.id,
      root.id,
    ])
    const down = await get(`/${root.id}?subtree_as_ids`)
    expect(down.body.project.subtree).toEqual({ [child.id]: { [leaf.id]: null } })
    const below = await get(`/${root.id}?subtree_as_list`)
    expect(ids(below.body.project.subtree.map((it: { project: { id: string } }) => it.project))).toEqual([
      child.id,
      leaf.id,
    ])
    expect((await get(`/${leaf.id}?subtree_as_ids`)).body.project.subtree).toBeNull()
    expect((await get(`/${leaf.id}?subtree_as_ids&subtree_as_list`)).status).toBe(400)
    expect(ids((await get(`?parent_id=${root.id}`)).body.projects)).toEqual([child.id])
  })

  test('cannot lose its middle, nor be enabled below or disabled above', async () => {
    const root = await create({ name: 'top' })
    const child = await create({ name: 'below', parent_id: root.id })
    expect((await api.call('DELETE', `/v3/projects/${root.id}`, { token })).status).toBe(403)
    expect((await patch(root.id, { enabled: false })).status).toBe(403)
    expect((await patch(child.id, { enabled: false })).status).toBe(200)
    expect((await patch(root.id, { enabled: false })).status).toBe(200)
    expect((await patch(child.id, { enabled: true })).status).toBe(403)
    const under = { name: 'under', parent_id: root.id }
    expect((await api.call('POST', '/v3/projects', { token, body: { project: under } })).status).toBe(403)
  })

  test('is five projects deep at most, in one domain, and nothing moves in it', async () => {
    let parent = await create({ name: 'deep-1' })
    for (const level of [2, 3, 4, 5]) parent = await create({ name: `deep-${level}`, parent_id: parent.id })
    const tooDeep = { name: 'deep-6', parent_id: parent.id }
    expect((await api.call('POST', '/v3/projects', { token, body: { project: tooDeep } })).status).toBe(403)
    const domain = await api.call('POST', '/v3/domains', { token, body: { domain: { name: 'away' } } })
    const across = { name: 'across', parent_id: parent.id, domain_id: domain.body.domain.id }
    expect((await api.call('POST', '/v3/projects', { token, body: { project: across } })).status).toBe(400)
    expect((await patch(parent.id, { parent_id: 'default' })).status).toBe(400)
    expect((await patch(parent.id, { domain_id: domain.body.domain.id })).status).toBe(400)
    expect((await patch(parent.id, { parent_id: parent.parent_id, description: 'same' })).status).toBe(200)
    const nowhere = { name: 'nowhere', parent_id: 'nowhere' }
    expect((await api.call('POST', '/v3/projects', { token, body: { project: nowhere } })).status).toBe(404)
  })
})

test('an immutable project stays as it is until it is told otherwise', async () => {
  const made = await create({ name: 'fixed', options: { immutable: true } })
  expect((await patch(made.id, { name: 'moved' })).status).toBe(403)
  expect((await api.call('DELETE', `/v3/projects/${made.id}`, { token })).status).toBe(403)
  expect((await patch(made.id, { options: { immutable: false } })).status).toBe(200)
  expect((await patch(made.id, { options: { immutable: null } })).body.project.options).toEqual({})
  expect((await api.call('DELETE', `/v3/projects/${made.id}`, { token })).status).toBe(204)
})

test('tags are put, looked for and removed', async () => {
  const made = await create({ name: 'tagged', tags: ['a', 'b'] })
  const tags = (method: 'GET' | 'PUT' | 'DELETE' | 'HEAD', rest = '', body?: unknown) =>
    api.call(method, `/v3/projects/${made.id}/tags${rest}`, { token, ...(body ? { body } : {}) })
  expect((await tags('GET')).body.tags).toEqual(['a', 'b'])
  expect((await tags('PUT', '/c')).status).toBe(201)
  expect((await tags('HEAD', '/c')).status).toBe(204)
  expect((await tags('GET', '/d')).status).toBe(404)
  expect((await tags('DELETE', '/a')).status).toBe(204)
  expect((await tags('DELETE', '/a')).status).toBe(404)
  expect((await get(`/${made.id}`)).body.project.tags).toEqual(['b', 'c'])
  const other = await create({ name: 'other-tags', tags: ['c', 'd'] })
  const found = async (query: string) => ids((await get(`?${query}`)).body.projects)
  expect(await found('tags=b,c')).toEqual([made.id])
  expect(await found('tags-any=b,d')).toEqual([made.id, other.id])
  expect(await found('not-tags=b,c')).not.toContain(made.id)
  expect(await found('not-tags-any=b,d')).not.toContain(other.id)
  expect((await tags('PUT', '', { tags: ['x', 'x'] })).status).toBe(400)
  expect((await tags('PUT', '', { tags: ['x,y'] })).status).toBe(400)
  expect((await tags('PUT', '', { tags: ['x'] })).body.tags).toEqual(['x'])
  expect((await tags('DELETE')).status).toBe(204)
  expect((await tags('GET')).body.tags).toEqual([])
  for (let n = 0; n < 80; n++) await tags('PUT', `/tag-${n}`)
  expect((await tags('PUT', '/one-too-many')).status).toBe(400)
})

describe('the list', () => {
  test('is filtered by name in every way, domain and state', async () => {
    const a = await create({ name: 'List-A' })
    const b = await create({ name: 'list-b', enabled: false })
    const found = async (query: string) => ids((await get(`?${query}`)).body.projects)
    expect(await found('name=List-A')).toEqual([a.id])
    expect(await found('name__startswith=List')).toEqual([a.id])
    expect(await found('name__istartswith=list-')).toEqual([a.id, b.id])
    expect(await found('name__endswith=-A')).toEqual([a.id])
    expect(await found('name__iendswith=-a')).toEqual([a.id])
    expect(await found('name__contains=ist-')).toEqual([a.id, b.id])
    expect(await found('name__icontains=LIST-B')).toEqual([b.id])
    expect(await found('name__istartswith=list-&enabled=False')).toEqual([b.id])
    expect(await found('name__istartswith=list-&enabled=true')).toEqual([a.id])
    expect(await found('name__contains=%25')).toEqual([])
    expect(await found('name__startswith=List_A')).toEqual([])
    const odd = await create({ name: 'odd\\%_name' })
    expect(await found('name__contains=\\%25_')).toEqual([odd.id])
    expect(await found('name__icontains=D\\%25_N')).toEqual([odd.id])
    expect(await found('is_domain=true')).toContain('default')
    expect(await found('domain_id=nowhere')).toEqual([])
  })

  test('comes in pages that follow each other and miss nothing', async () => {
    const all = ids((await get('')).body.projects)
    const seen: string[] = []
    let url = '/v3/projects?limit=3'
    for (;;) {
      const { body } = await api.call('GET', url, { token })
      seen.push(...ids(body.projects))
      expect(body.links.self).toMatch(/\/v3\/projects$/)
      expect(body.links.previous).toBeNull()
      expect(body.truncated).toBe(body.links.next === null ? undefined : true)
      if (body.links.next === null) break
      const next = new URL(body.links.next)
      url = `${next.pathname}${next.search}`
    }
    expect(seen).toEqual(all)
    expect((await get('?limit=0')).body.projects).toEqual([])
  })
})
