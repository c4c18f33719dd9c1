import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type TestApp, testApp } from './app.ts'
import { type World, world } from './world.ts'

let api: TestApp
let w: World
let group: string
beforeAll(async () => {
  api = await testApp()
  w = await world(api)
  group = await w.create('groups', 'group', { name: 'group' })
})
afterAll(() => api.close())

const call = (method: 'GET' | 'DELETE' | 'PUT' | 'HEAD', url: string) =>
  api.call(method, `/v3/${url}`, { token: w.admin })

interface Line {
  role: { id: string; name?: string }
  user?: { id: string; name?: string }
  group?: { id: string }
  scope: Record<string, unknown>
  links: Record<string, string>
}
const list = async (query: string): Promise<Line[]> => {
  const { status, body } = await call('GET', `role_assignments?${query}`)
  expect(status).toBe(200)
  return body.role_assignments
}

describe('a role is given, checked, listed and taken', () => {
  const places: [string, () => string][] = (['user', 'group'] as const).flatMap(
    (actor): [string, () => string][] => {
      const who = () => (actor === 'user' ? `users/${w.noPassword}` : `groups/${group}`)
      return [
        [`${actor} on a project`, () => `projects/${w.project}/${who()}`],
        [`${actor} on a domain`, () => `domains/${w.domain}/${who()}`],
        [`${actor} on the system`, () => `system/${who()}`],
      ]
    },
  )
  test.each(places)('%s', async (_, place) => {
    const role = w.role('reader')
    const one = `${place()}/roles/${role}`
    expect((await call('HEAD', one)).status).toBe(404)
    expect((await call('DELETE', one)).status).toBe(404)
    expect((await call('PUT', one)).status).toBe(204)
    expect((await call('PUT', one)).status).toBe(204)
    expect((await call('HEAD', one)).status).toBe(204)
    expect((await call('GET', one)).status).toBe(204)
    const { body } = await call('GET', `${place()}/roles`)
    expect(body.roles.map((it: { name: string }) => it.name)).toEqual(['reader'])
    expect((await call('DELETE', one)).status).toBe(204)
    expect((await call('HEAD', one)).status).toBe(404)
    expect((await call('GET', `${place()}/roles`)).body.roles).toEqual([])
  })

  test.each<[string, () => string]>([
    ['a user on a project', () => `projects/${w.project}/users/${w.noPassword}`],
    ['a group on a domain', () => `domains/${w.domain}/groups/${group}`],
  ])('for what is below: %s', async (_, place) => {
    const one = `OS-INHERIT/${place()}/roles/${w.role('reader')}/inherited_to_projects`
    expect((await call('PUT', one)).status).toBe(204)
    expect((await call('HEAD', one)).status).toBe(204)
    expect((await call('HEAD', `${place()}/roles/${w.role('reader')}`)).status).toBe(404)
    const listed = await call('GET', `OS-INHERIT/${place()}/roles/inherited_to_projects`)
    expect(listed.body.roles).toHaveLength(1)
    expect((await call('DELETE', one)).status).toBe(204)
  })

  test.each<[string, () => string]>([
    ['user', () => `projects/${w.project}/users/nobody/roles/${w.role('reader')}`],
    ['group', () => `projects/${w.project}/groups/nobody/roles/${w.role('reader')}`],
    ['project', () => `projects/nowhere/users/${w.userId}/roles/${w.role('reader')}`],
    ['domain', () => `domains/nowhere/users/${w.userId}/roles/${w.role('reader')}`],
    ['domain that is a project', () => `domains/${w.project}/users/${w.userId}/roles/${w.role('reader')}`],
    ['project that is a domain', () => `projects/${w.domain}/users/${w.userId}/roles/${w.role('reader')}`],
    ['role', () => `projects/${w.project}/users/${w.userId}/roles/nothing`],
  ])('not on an unknown %s', async (_, url) => {
    expect((await call('PUT', url())).status).toBe(404)
  })
})

describe('the list of all', () => {
  test('is filtered, with names if they are wanted', async () => {
    const [line, ...more] = await list(`user.id=${w.userId}&scope.project.id=${w.project}`)
    expect(more).toEqual([])
    expect(line).toEqual({
      role: { id: w.role('member') },
      user: { id: w.userId },
      scope: { project: { id: w.project } },
      links: {
        assignment: expect.stringMatching(
          new RegExp(`/v3/projects/${w.project}/users/${w.userId}/roles/${w.role('member')}$`),
        ),
      },
    })
    const [named] = await list(`user.id=${w.userId}&scope.project.id=${w.project}&include_names`)
    expect(named).toMatchObject({
      role: { name: 'member' },
      user: { name: 'w-user', domain: { id: 'default', name: 'Default' } },
      scope: { project: { name: 'w-project', domain: { id: 'default', name: 'Default' } } },
    })
    const system = await list('scope.system=all&include_names=true')
    expect(system.map(it => it.scope)).toEqual(system.map(() => ({ system: { all: true } })))
    expect(system.map(it => it.user?.name).sort()).toEqual(['admin', 'w-user'])
    const onDomain = await list(`scope.domain.id=${w.domain}&include_names`)
    expect(onDomain.map(it => it.scope)).toEqual([{ domain: { id: w.domain, name: 'w-domain' } }])
    const ofRole = await list(`role.id=${w.role('service')}`)
    expect(ofRole).toHaveLength(2)
  })

  test('in effect, shows users for groups, projects below for what is inherited, and implied roles', async () => {
    const parent = await w.create('projects', 'project', { name: 'parent' })
    const child = await w.create('projects', 'project', { name: 'child', parent_id: parent })
    const leaf = await w.create('projects', 'project', { name: 'leaf', parent_id: child })
    await w.put(`/v3/groups/${group}/users/${w.noPassword}`)
    await w.put(`/v3/projects/${parent}/groups/${group}/roles/${w.role('member')}`)
    await w.put(
      `/v3/OS-INHERIT/projects/${parent}/groups/${group}/roles/${w.role('reader')}/inherited_to_projects`,
    )
    const lines = await list(`user.id=${w.noPassword}&effective&include_names`)
    const shown = lines.map(line => [
      line.role.name,
      (line.scope['project'] as { name: string }).name,
      line.scope['OS-INHERIT:inherited_to'],
    ])
    expect(shown.sort()).toEqual(
      [
        ['member', 'parent', undefined],
        ['reader', 'parent', undefined],
        ['reader', 'child', 'projects'],
        ['reader', 'leaf', 'projects'],
      ].sort(),
    )
    const [direct] = lines.filter(line => line.role.name === 'member')
    expect(direct?.links).toEqual({
      assignment: expect.stringMatching(`/v3/projects/${parent}/groups/${group}/roles/${w.role('member')}$`),
      membership: expect.stringMatching(`/v3/groups/${group}/users/${w.noPassword}$`),
    })
    const [inherited] = await list(`user.id=${w.noPassword}&effective&scope.project.id=${leaf}`)
    expect(inherited?.links['assignment']).toMatch(
      `/v3/OS-INHERIT/projects/${parent}/groups/${group}/roles/${w.role('reader')}/inherited_to_projects`,
    )
    expect(await list(`user.id=${w.noPassword}&effective&role.id=${w.role('reader')}`)).toHaveLength(3)
    expect(await list(`scope.project.id=${parent}&include_subtree&effective`)).toHaveLength(4)
    const raw = await list(`group.id=${group}&scope.OS-INHERIT:inherited_to=projects`)
    expect(raw).toHaveLength(1)
  })

  test('agrees with the roles of a token, whatever the assignments', async () => {
    let state = 7
    const next = (below: number) => {
      state = (state * 48_271) % 2_147_483_647
      return state % below
    }
    const projects = [await w.create('projects', 'project', { name: 'any-0' })]
    for (const n of [1, 2, 3])
      projects.push(
        await w.create('projects', 'project', {
          name: `any-${n}`,
          parent_id: projects[next(projects.length)],
        }),
      )
    const user = await w.create('users', 'user', { name: 'any', password: 'x' })
    const groups = [
      await w.create('groups', 'group', { name: 'any-0' }),
      await w.create('groups', 'group', { name: 'any-1' }),
    ]
    for (const id of groups) await w.put(`/v3/groups/${id}/users/${user}`)
    const roles = ['manager', 'member', 'reader', 'service'].map(name => w.role(name))
    for (let n = 0; n < 9; n++) {
      const actor = next(2) ? `users/${user}` : `groups/${groups[next(2)]}`
      const target = next(4) ? `projects/${projects[next(projects.length)]}` : 'domains/default'
      const role = roles[next(roles.length)]
      await w.put(
        next(2)
          ? `/v3/OS-INHERIT/${target}/${actor}/roles/${role}/inherited_to_projects`
          : `/v3/${target}/${actor}/roles/${role}`,
      )
    }
    let compared = 0
    for (const project of projects) {
      const lines = await list(`user.id=${user}&effective&scope.project.id=${project}&include_names`)
      const listed = [...new Set(lines.map(line => line.role.name))].sort()
      const { status, body } = await api.login({ id: user, password: 'x' }, { project: { id: project } })
      const held = status === 201 ? body.token.roles.map((role: { name: string }) => role.name) : []
      expect(held).toEqual(listed)
      compared += held.length
    }
    expect(compared).toBeGreaterThan(4)
  })

  test.each([
    'user.id=a&group.id=b',
    'scope.project.id=a&scope.domain.id=b',
    'scope.project.id=a&scope.system=all',
    'effective&group.id=a',
    'effective&scope.domain.id=a&scope.OS-INHERIT:inherited_to=projects',
    'include_subtree',
  ])('refuses %s', async query => {
    expect((await call('GET', `role_assignments?${query}`)).status).toBe(400)
  })
})
