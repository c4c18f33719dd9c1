/**
 * Who has which role where, in worlds made up at random: what the service says (the effective assignments, and the
 * roles in a token) against a model that is slow and obvious.
 */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type TestApp, testApp } from './app.ts'
import { type World, world } from './world.ts'

let api: TestApp
let w: World
beforeAll(async () => {
  api = await testApp()
  w = await world(api)
})
afterAll(() => api.close())

interface Place {
  kind: 'project' | 'domain'
  id: string
  parent: string | null
}
interface Given {
  actor: string
  /** null: the system */
  target: Place | null
  role: string
  inherited: boolean
}
interface Made {
  places: Place[]
  users: string[]
  members: { group: string; user: string }[]
  roles: { id: string; name: string; ofDomain: boolean }[]
  implies: { prior: string; implied: string }[]
  given: Given[]
}

/** Park and Miller's generator: the same worlds every time. */
function dice(seed: number) {
  let state = seed
  const below = (n: number) => {
    state = (state * 48_271) % 2_147_483_647
    return state % n
  }
  return { below, pick: <T>(from: readonly T[]): T => from[below(from.length)] as T }
}

async function makeWorld(seed: number): Promise<Made> {
  const { below, pick } = dice(seed)
  const name = (what: string) => `${what}-${seed}-${below(1_000_000)}`
  const domain = await w.create('domains', 'domain', { name: name('d') })
  const inside = { domain_id: domain }
  const places: Place[] = [{ kind: 'domain', id: domain, parent: null }]
  const depth = new Map([[domain, 0]])
  for (let i = 0; i < 6; i++) {
    const parent = pick(places.filter(place => (depth.get(place.id) ?? 0) < 4)).id
    const id = await w.create('projects', 'project', { name: name('p'), parent_id: parent })
    depth.set(id, (depth.get(parent) ?? 0) + 1)
    places.push({ kind: 'project', id, parent })
  }
  const made = async (n: number, many: string, one: string, fields: () => object) => {
    const ids: string[] = []
    for (let i = 0; i < n; i++) ids.push(await w.create(many, one, { name: name(one), ...fields() }))
    return ids
  }
  const users = await made(3, 'users', 'user', () => ({ ...inside, password: 'secret' }))
  const groups = await made(2, 'groups', 'group', () => inside)
  const members: Made['members'] = []
  for (const group of groups)
    for (const user of users)
      if (below(2)) {
        await w.put(`/v3/groups/${group}/users/${user}`)
        members.push({ group, user })
      }
  const roles: Made['roles'] = []
  for (let i = 0; i < 5; i++) {
    const ofDomain = i === 0
    const role = { name: name('r'), ...(ofDomain ? inside : {}) }
    roles.push({ id: await w.create('roles', 'role', role), name: role.name, ofDomain })
  }
  const implies: Made['implies'] = []
  for (let i = 0; i < 5; i++) {
    const [prior, implied] = [pick(roles).id, pick(roles).id]
    const url = `/v3/roles/${prior}/implies/${implied}`
    const { status } = await api.call('PUT', url, { token: w.admin })
    // a circle, or a global role that would imply one of a domain
    if (status === 403) continue
    expect(status).toBe(201)
    implies.push({ prior, implied })
  }
  const given: Given[] = []
  for (let i = 0; i < 12; i++) {
    const role = pick(roles)
    const target = !role.ofDomain && below(8) === 0 ? null : pick(places)
    const inherited = target !== null && below(2) === 0
    const actor = pick([...users, ...groups])
    const where = target ? `${target.kind}s/${target.id}` : 'system'
    const who = `${users.includes(actor) ? 'users' : 'groups'}/${actor}`
    await w.put(
      `/v3/${inherited ? 'OS-INHERIT/' : ''}${where}/${who}/roles/${role.id}${inherited ? '/inherited_to_projects' : ''}`,
    )
    given.push({ actor, target, role: role.id, inherited })
  }
  return { places, users, members, roles, implies, given }
}

/** Names of the global roles of the user there, worked out by asking everything about everything. */
function rolesOf(
  { places, members, roles, implies, given }: Made,
  user: string,
  place: Place | null,
): string[] {
  const isAbove = (upper: string, lower: Place): boolean => {
    const parent = places.find(it => it.id === lower.parent)
    return parent !== undefined && (parent.id === upper || isAbove(upper, parent))
  }
  const isActor = (actor: string) =>
    actor === user || members.some(it => it.group === actor && it.user === user)
  const counts = ({ target, inherited }: Given) => {
    if (target === null || place === null) return target === place
    return inherited ? place.kind === 'project' && isAbove(target.id, place) : target.id === place.id
  }
  const implied = (role: string, seen: string[] = []): string[] =>
    seen.includes(role)
      ? []
      : [role, ...implies.filter(it => it.prior === role).flatMap(it => implied(it.implied, [...seen, role]))]
  const held = given.filter(it => isActor(it.actor) && counts(it)).flatMap(it => implied(it.role))
  return roles
    .filter(role => !role.ofDomain && held.includes(role.id))
    .map(role => role.name)
    .sort()
}

interface Listed {
  role: { id: string }
  scope: { project?: { id: string }; domain?: { id: string }; system?: unknown }
}

test.each([1, 2, 3, 4, 5, 6, 7, 8])('world %i', async seed => {
  const made = await makeWorld(seed * 7_919)
  const nameOf = new Map(made.roles.map(role => [role.id, role.name]))
  let some = 0
  for (const user of made.users) {
    const url = `/v3/role_assignments?effective&user.id=${user}`
    const { body } = await api.call('GET', url, { token: w.admin })
    const listed = (place: Place | null) => [
      ...new Set(
        (body.role_assignments as Listed[])
          .filter(({ scope }) => (scope.project ?? scope.domain)?.id === place?.id)
          .map(({ role }) => nameOf.get(role.id)),
      ),
    ]
    for (const place of [...made.places, null]) {
      const expected = rolesOf(made, user, place)
      some += expected.length
      expect(listed(place).sort()).toEqual(expected)
      const scope = place ? { [place.kind]: { id: place.id } } : { system: { all: true } }
      const login = await api.login({ id: user, password: 'secret' }, scope)
      const inToken: string[] =
        login.status === 401 ? [] : login.body.token.roles.map((role: { name: string }) => role.name)
      expect(inToken.sort()).toEqual(expected)
    }
    const projects = await api.call('GET', `/v3/users/${user}/projects`, { token: w.admin })
    const withRoles = made.places.filter(
      place => place.kind === 'project' && rolesOf(made, user, place).length > 0,
    )
    const seen = projects.body.projects.map((it: { id: string }) => it.id)
    expect(seen).toEqual(expect.arrayContaining(withRoles.map(place => place.id)))
  }
  expect(some).toBeGreaterThan(5)
})
