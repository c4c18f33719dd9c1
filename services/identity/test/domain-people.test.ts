import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type TestApp, testApp } from './app.ts'
import { type Persona, type Personas, personas } from './personas.ts'

let api: TestApp
let p: Personas
beforeAll(async () => {
  api = await testApp()
  p = await personas(api)
})
afterAll(() => api.close())

type Method = 'GET' | 'PUT' | 'POST' | 'PATCH' | 'DELETE' | 'HEAD'
const as = (persona: Persona) => async (method: Method, url: string, body?: unknown) =>
  api.call(method, `/v3/${url}`, { token: p.token(persona), ...(body ? { body } : {}) })
const status = async (persona: Persona, method: Method, url: string, body?: unknown) =>
  (await as(persona)(method, url, body)).status

describe('a domain manager', () => {
  const manager = as('domain manager')

  test('runs the domain: people, groups, projects and who may do what there', async () => {
    const { domain } = p.home
    const user = (await manager('POST', 'users', { user: { name: 'm-user', password: 'x' } })).body.user
    expect(user.domain_id).toBe(domain)
    const group = (await manager('POST', 'groups', { group: { name: 'm-group' } })).body.group
    const project = (await manager('POST', 'projects', { project: { name: 'm-project' } })).body.project
    expect([group.domain_id, project.domain_id]).toEqual([domain, domain])
    const below = { project: { name: 'm-below', parent_id: project.id } }
    const child = (await manager('POST', 'projects', below)).body.project
    expect(child.domain_id).toBe(domain)
    expect((await manager('PATCH', `users/${user.id}`, { user: { description: 'd' } })).status).toBe(200)
    expect((await manager('PUT', `groups/${group.id}/users/${user.id}`)).status).toBe(204)
    expect((await manager('HEAD', `groups/${group.id}/users/${user.id}`)).status).toBe(204)
    for (const actor of [`users/${user.id}`, `groups/${group.id}`])
      for (const target of [`projects/${project.id}`, `domains/${domain}`])
        for (const role of ['manager', 'member', 'reader']) {
          const grant = `${target}/${actor}/roles/${p.role(role)}`
          expect((await manager('PUT', grant)).status).toBe(204)
          expect((await manager('HEAD', grant)).status).toBe(204)
          expect((await manager('DELETE', grant)).status).toBe(204)
        }
    const inherited = `OS-INHERIT/domains/${domain}/users/${user.id}/roles/${p.role('reader')}/inherited_to_projects`
    expect((await manager('PUT', inherited)).status).toBe(204)
    expect((await manager('PUT', `projects/${child.id}/tags/blue`)).status).toBe(201)
    expect((await manager('DELETE', `projects/${child.id}`)).status).toBe(204)
    expect((await manager('DELETE', `projects/${project.id}`)).status).toBe(204)
    expect((await manager('DELETE', `groups/${group.id}`)).status).toBe(204)
    expect((await manager('DELETE', `users/${user.id}`)).status).toBe(204)
  })

  test('cannot give more than manager, member and reader, nor on the system', async () => {
    const { domain, user, project, role } = p.home
    for (const id of [p.role('admin'), p.role('service'), role])
      for (const target of [`domains/${domain}`, `projects/${project}`])
        expect(await status('domain manager', 'PUT', `${target}/users/${user}/roles/${id}`)).toBe(403)
    const onSystem = `system/users/${user}/roles/${p.role('reader')}`
    for (const method of ['PUT', 'DELETE', 'HEAD'] as const)
      expect(await status('domain manager', method, onSystem)).toBe(403)
  })

  test('cannot give a role that has come to imply admin', async () => {
    const trap = await p.create('roles', 'role', { name: 'trap' })
    await p.put(`/v3/roles/${p.role('member')}/implies/${trap}`)
    await p.put(`/v3/roles/${trap}/implies/${p.role('service')}`)
    const { project, user } = p.home
    const grant = `projects/${project}/users/${user}/roles/${p.role('member')}`
    expect(await status('domain manager', 'PUT', grant)).toBe(403)
    await api.call('DELETE', `/v3/roles/${trap}`, { token: p.admin })
    expect((await api.call('PUT', `/v3/${grant}`, { token: p.admin })).status).toBe(204)
  })

  test('cannot become an administrator through one who lives in the domain', async () => {
    const victim = p.idOf('project admin')
    const reset = { user: { password: 'mine-now' } }
    expect(await status('domain manager', 'PATCH', `users/${victim}`, reset)).toBe(403)
    expect(await status('domain manager', 'DELETE', `users/${victim}`)).toBe(403)
    expect(await status('domain manager', 'GET', `users/${victim}`)).toBe(200)
    expect(await status('domain manager', 'PATCH', `users/${p.idOf('service')}`, reset)).toBe(403)
    expect(await status('domain manager', 'PATCH', `users/${p.idOf('system reader')}`, reset)).toBe(403)
    const admins = await p.create('groups', 'group', { name: 'admins', domain_id: p.home.domain })
    await p.put(`/v3/projects/${p.project}/groups/${admins}/roles/${p.role('admin')}`)
    expect(await status('domain manager', 'PUT', `groups/${admins}/users/${p.home.user}`)).toBe(403)
    expect(await status('domain manager', 'DELETE', `groups/${admins}`)).toBe(403)
  })

  test('sees nothing beyond the domain', async () => {
    const { domain, project, user, group, role } = p.abroad
    for (const url of [
      `domains/${domain}`,
      `projects/${project}`,
      `projects/${project}/tags`,
      `users/${user}`,
      `users/${user}/groups`,
      `users/${user}/projects`,
      `groups/${group}`,
      `groups/${group}/users`,
      `groups/${group}/users/${user}`,
      `groups/${p.home.group}/users/${user}`,
      `roles/${role}`,
      `roles?domain_id=${domain}`,
      `projects/${project}/users/${user}/roles`,
      `projects/${project}/users/${p.home.user}/roles`,
      `domains/${p.home.domain}/users/${user}/roles`,
      `users/${'0'.repeat(32)}`,
      'role_inferences',
      'services',
      'endpoints',
    ])
      expect([url, await status('domain manager', 'GET', url)]).toEqual([url, 403])
  })

  test('touches nothing beyond the domain', async () => {
    const { domain, project, user, group } = p.abroad
    const { home } = p
    const cases: [Method, string, unknown?][] = [
      ['POST', 'domains', { domain: { name: 'x' } }],
      ['PATCH', `domains/${home.domain}`, { domain: { description: 'x' } }],
      ['DELETE', `domains/${home.domain}`],
      ['POST', 'users', { user: { name: 'x', domain_id: domain } }],
      ['POST', 'groups', { group: { name: 'x', domain_id: domain } }],
      ['POST', 'projects', { project: { name: 'x', domain_id: domain } }],
      ['POST', 'projects', { project: { name: 'x', parent_id: project } }],
      ['POST', 'projects', { project: { name: 'x', domain_id: home.domain, parent_id: project } }],
      ['POST', 'projects', { project: { name: 'x', is_domain: true } }],
      ['PATCH', `projects/${home.domain}`, { project: { description: 'x' } }],
      ['PATCH', `projects/${project}`, { project: { description: 'x' } }],
      ['DELETE', `projects/${project}`],
      ['PUT', `projects/${project}/tags/x`],
      ['PATCH', `users/${user}`, { user: { description: 'x' } }],
      ['DELETE', `users/${user}`],
      ['PATCH', `groups/${group}`, { group: { description: 'x' } }],
      ['DELETE', `groups/${group}`],
      ['PUT', `groups/${home.group}/users/${user}`],
      ['PUT', `groups/${group}/users/${home.user}`],
      ['PUT', `projects/${project}/users/${home.user}/roles/${p.role('member')}`],
      ['PUT', `projects/${home.project}/users/${user}/roles/${p.role('member')}`],
      ['DELETE', `projects/${project}/users/${user}/roles/${p.role('member')}`],
      ['POST', 'roles', { role: { name: 'x', domain_id: home.domain } }],
    ]
    for (const [method, url, body] of cases)
      expect([method, url, await status('domain manager', method, url, body)]).toEqual([method, url, 403])
  })
})

describe('lists show what may be seen', () => {
  const ids = async (persona: Persona, url: string) => {
    const { body } = await as(persona)('GET', url)
    return (Object.values(body)[0] as { id: string }[]).map(it => it.id)
  }

  test.each(['domain admin', 'domain manager', 'domain member', 'domain reader'] as const)(
    'to a %s those of the domain',
    async persona => {
      for (const [many, one] of [
        ['users', 'user'],
        ['groups', 'group'],
        ['projects', 'project'],
        ['domains', 'domain'],
      ] as const) {
        const seen = await ids(persona, many)
        expect(seen).toContain(p.home[one])
        expect(seen).not.toContain(p.abroad[one])
        expect(await ids(persona, `${many}?name=p-abroad`)).toEqual([])
      }
      expect(await ids(persona, `users?domain_id=${p.abroad.domain}`)).toEqual([])
      const { body } = await as(persona)('GET', 'role_assignments?include_names')
      const text = JSON.stringify(body)
      expect(text).toContain(p.home.user)
      expect(text).not.toContain(p.abroad.user)
      expect(text).not.toContain('system')
    },
  )

  test.each(['system admin', 'system reader', 'project admin'] as const)('to a %s all', async persona => {
    for (const [many, one] of [
      ['users', 'user'],
      ['groups', 'group'],
      ['projects', 'project'],
      ['domains', 'domain'],
    ] as const)
      expect(await ids(persona, many)).toEqual(expect.arrayContaining([p.home[one], p.abroad[one]]))
    const { body } = await as(persona)('GET', 'role_assignments')
    expect(JSON.stringify(body)).toContain(p.abroad.user)
  })

  test.each(['project member', 'project manager', 'service', 'nobody'] as const)(
    'to a %s none',
    async persona => {
      for (const many of ['users', 'groups', 'projects', 'domains', 'role_assignments'])
        expect(await status(persona, 'GET', many)).toBe(403)
    },
  )

  test('of a user’s groups and projects, those in the domain; the user sees all', async () => {
    const { user } = p.home
    await p.put(`/v3/groups/${p.abroad.group}/users/${user}`)
    await p.put(`/v3/projects/${p.abroad.project}/users/${user}/roles/${p.role('reader')}`)
    await p.put(`/v3/groups/${p.home.group}/users/${p.abroad.user}`)
    expect(await ids('domain reader', `users/${user}/groups`)).toEqual([p.home.group])
    expect(await ids('domain reader', `users/${user}/projects`)).toEqual([p.home.project])
    expect(await ids('domain reader', `groups/${p.home.group}/users`)).toEqual([user])
    const { headers } = await api.login({ id: user, password: 'secret' })
    const token = String(headers['x-subject-token'])
    const own = await api.call('GET', `/v3/users/${user}/projects`, { token })
    expect(own.body.projects).toHaveLength(2)
    expect(await ids('system reader', `users/${user}/groups`)).toHaveLength(2)
    for (const url of [
      `groups/${p.abroad.group}/users/${user}`,
      `projects/${p.abroad.project}/users/${user}/roles/${p.role('reader')}`,
      `groups/${p.home.group}/users/${p.abroad.user}`,
    ])
      expect((await api.call('DELETE', `/v3/${url}`, { token: p.admin })).status).toBe(204)
  })
})

test('readers and members of a domain change nothing in it', async () => {
  for (const persona of ['domain reader', 'domain member'] as const) {
    expect(await status(persona, 'POST', 'users', { user: { name: 'x' } })).toBe(403)
    expect(await status(persona, 'DELETE', `projects/${p.home.project}`)).toBe(403)
    const grant = `projects/${p.home.project}/users/${p.home.user}/roles/${p.role('reader')}`
    expect(await status(persona, 'PUT', grant)).toBe(403)
  }
})

test('role admin on a domain rules the domain, not the cloud', async () => {
  const { home, abroad } = p
  expect(await status('domain admin', 'GET', `users/${abroad.user}`)).toBe(403)
  expect(await status('domain admin', 'PATCH', `users/${home.user}`, { user: { description: 'd' } })).toBe(
    200,
  )
  expect(await status('domain admin', 'POST', 'services', { service: { type: 'x' } })).toBe(403)
  const give = (role: string) =>
    status('domain admin', 'PUT', `projects/${home.project}/users/${home.user}/roles/${role}`)
  expect(await give(home.role)).toBe(204)
  expect(await give(abroad.role)).toBe(403)
  expect(await give(p.role('admin'))).toBe(403)
  const implied = await p.create('roles', 'role', { name: 'sly', domain_id: home.domain })
  await p.put(`/v3/roles/${implied}/implies/${p.role('service')}`)
  expect(await give(implied)).toBe(403)
})

test('role manager shows what a manager may give', async () => {
  for (const persona of ['domain manager', 'project manager'] as const) {
    expect(await status(persona, 'GET', `roles/${p.role('member')}`)).toBe(200)
    expect(await status(persona, 'GET', `roles/${p.role('admin')}`)).toBe(403)
    expect(await status(persona, 'GET', `roles/${p.home.role}`)).toBe(403)
  }
  expect(await status('domain manager', 'GET', 'roles')).toBe(200)
  expect(await status('project manager', 'GET', 'roles')).toBe(403)
})
