/**
 * The checked-in matrix, tried out: every persona asks for every route, on what is in its own domain, on what is in
 * another one, and on itself. Refused by policy is 403 with the rule in the message (or 404, where a resource hides);
 * everything else counts as allowed, also 400, 404, 409 and the refusals that are not policy.
 */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type TestApp, testApp } from './app.ts'
import { type Country, PERSONAS, type Persona, type Personas, personas } from './personas.ts'

let api: TestApp
let p: Personas
beforeAll(async () => {
  api = await testApp()
  p = await personas(api)
})
afterAll(() => api.close())

type Method = 'GET' | 'HEAD' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'
interface Row {
  method: Method
  path: string
  cells: ReadonlyMap<Persona, string>
}

function readMatrix(): Row[] {
  const file = join(import.meta.dirname, '../../../docs/policy/identity.md')
  const lines = readFileSync(file, 'utf8').split('\n')
  const cellsOf = (line: string) =>
    line
      .split('|')
      .slice(1, -1)
      .map(cell => cell.trim())
  const from = lines.findIndex(line => line.startsWith('| route'))
  const names = cellsOf(lines[from] ?? '').slice(2) as Persona[]
  const rows = lines.slice(from + 2).slice(0, lines.slice(from + 2).indexOf(''))
  return rows.map(line => {
    const [route = '', , ...cells] = cellsOf(line)
    const [method, path] = route.split(' ') as [Method, string]
    return { method, path, cells: new Map(names.map((name, index) => [name, cells[index] ?? ''])) }
  })
}
const matrix = readMatrix()

/** What is destroyed comes last. */
const ORDER: Method[] = ['HEAD', 'GET', 'POST', 'PUT', 'PATCH', 'DELETE']
const ordered = [...matrix].sort((a, b) => ORDER.indexOf(a.method) - ORDER.indexOf(b.method))

type Where = 'home' | 'abroad' | 'self'
const NOWHERE = '0'.repeat(32)

let made = 0
const unique = () => `made-${++made}`
const CREATED = { users: 'user', groups: 'group', projects: 'project' } as const

/** An id for a parameter, by the part of the path before it. What the request could break is made for it. */
async function idsOf({ method, path }: Row, persona: Persona, where: Where): Promise<Record<string, string>> {
  const country: Country = where === 'abroad' ? p.abroad : p.home
  const user = where === 'self' ? p.idOf(persona) : country.user
  const ids: Record<string, string> = {
    domains: country.domain,
    projects: country.project,
    users: user,
    groups: country.group,
    // an implication that goes ends the tokens of its prior role
    roles: path.includes('/implies') ? p.home.role : p.role('member'),
    implies: p.abroad.role,
    regions: 'RegionOne',
    config: 'ldap',
    ldap: 'url',
  }
  const fragile =
    (method === 'DELETE' && /^\/v3\/(users|groups|projects)\/:id$/.test(path)) || /\/system\//.test(path)
  const [, many] = /\/(users|groups|projects)\/:/.exec(path) ?? []
  if (fragile && many && where !== 'self')
    ids[many] = await p.create(many, CREATED[many as keyof typeof CREATED], {
      name: unique(),
      domain_id: country.domain,
    })
  if (/\/credentials\/:id$/.test(path))
    ids['credentials'] = await p.create('credentials', 'credential', { type: 't', blob: '{}', user_id: user })
  if (/\/limits\/:id$/.test(path) && method !== 'DELETE')
    ids['limits'] = limits[where === 'abroad' ? 'abroad' : 'home']
  return ids
}
const limits = { home: '', abroad: '' }
beforeAll(async () => {
  const service_id = await p.create('services', 'service', { type: 'limited' })
  const what = { service_id, resource_name: 'r' }
  const post = async (many: string, fields: unknown[]) =>
    (await api.call('POST', `/v3/${many}`, { token: p.admin, body: { [many]: fields } })).body[many]
  await post('registered_limits', [{ ...what, default_limit: 1 }])
  const [home, abroad] = await post('limits', [
    { ...what, resource_limit: 1, project_id: p.home.project },
    { ...what, resource_limit: 1, project_id: p.abroad.project },
  ])
  Object.assign(limits, { home: home.id, abroad: abroad.id })
})

function urlOf(path: string, ids: Record<string, string>): string {
  let before = ''
  const parts = path.split('/').map(part => {
    const value = part.startsWith(':') ? (ids[before] ?? NOWHERE) : part
    before = value in ids || part.startsWith(':') ? value : part
    if (!part.startsWith(':')) before = part
    return value
  })
  return parts.join('/')
}

/** Valid bodies, for the routes whose rule looks at what is in them or at what the path names. */
const BODIES: Record<string, (country: Country) => unknown> = {
  'POST /v3/users': ({ domain }) => ({ user: { name: unique(), domain_id: domain } }),
  'PATCH /v3/users/:id': () => ({ user: { description: 'd' } }),
  'POST /v3/groups': ({ domain }) => ({ group: { name: unique(), domain_id: domain } }),
  'PATCH /v3/groups/:id': () => ({ group: { description: 'd' } }),
  'POST /v3/projects': ({ domain }) => ({ project: { name: unique(), domain_id: domain } }),
  'PATCH /v3/projects/:id': () => ({ project: { description: 'd' } }),
  'PUT /v3/projects/:id/tags': () => ({ tags: ['a'] }),
}
const needsBody = (method: Method, path: string) =>
  (method === 'POST' || method === 'PATCH' || (method === 'PUT' && /config$/.test(path))) &&
  !BODIES[`${method} ${path}`]

/** Does the rule have something to look at: what the path names, or the domain in the body? */
const isTargeted = ({ method, path }: Row) =>
  BODIES[`${method} ${path}`] !== undefined ||
  path === '/v3/auth/tokens' ||
  (/:/.test(path) && /\/(domains|projects|users|groups|credentials|limits)\/:/.test(path))

function isAllowed(row: Row, cell: string, where: Where): boolean {
  if (cell === '·') return false
  if (cell === 'all' || !isTargeted(row)) return true
  const places = cell.split('+')
  if (where === 'abroad') return false
  if (where === 'self' && places.includes('self')) return true
  return places.includes('domain') || (places.includes('project') && /\/(projects|limits)\/:/.test(row.path))
}

async function ask(row: Row, persona: Persona, where: Where) {
  const { method, path } = row
  const country = where === 'abroad' ? p.abroad : p.home
  const url = urlOf(path, await idsOf(row, persona, where))
  const headers: Record<string, string> = {}
  if (path === '/v3/auth/tokens') {
    const id = where === 'self' ? p.idOf(persona) : country.user
    headers['x-subject-token'] = String(
      (await api.login({ id, password: 'secret' })).headers['x-subject-token'],
    )
  }
  const body = BODIES[`${method} ${path}`]?.(country) ?? (needsBody(method, path) ? {} : undefined)
  const token = method === 'DELETE' ? await p.freshToken(persona) : p.token(persona)
  return { url, ...(await api.call(method, url, { token, headers, ...(body ? { body } : {}) })) }
}

function isRefused({ status, text }: { status: number; text: string }): boolean {
  return status === 401 || (status === 403 && (text === '' || /Policy does not allow/.test(text)))
}

/** whose rule looks at a filter: without one it is about everybody */
const ASKS_THE_QUERY = ['/v3/OS-TRUST/trusts']

test('the matrix has every persona', () => {
  expect([...(matrix[0]?.cells.keys() ?? [])]).toEqual([...PERSONAS])
  expect(matrix.length).toBeGreaterThan(100)
})

test.each(PERSONAS)('%s', async persona => {
  const wrong: string[] = []
  for (const row of ordered) {
    const { method, path } = row
    const cell = row.cells.get(persona) ?? ''
    const own = /\/(users|credentials)\/:/.test(path) || path === '/v3/auth/tokens'
    const places: Where[] = isTargeted(row)
      ? ['home', 'abroad', ...(own ? (['self'] as const) : [])]
      : ['home']
    for (const where of places) {
      // nobody deletes or changes themselves: they are asked for more
      if (
        where === 'self' &&
        /^(DELETE|PATCH|POST|PUT)$/.test(method) &&
        /(users\/:id|system\/.*)$/.test(path)
      )
        continue
      const reply = await ask(row, persona, where)
      const allowed = isAllowed(row, cell, where)
      const partly = cell !== '·' && cell !== 'all'
      // refused before the rule can look at its target: a body that is not valid, something that is not there
      const undecided =
        partly && (needsBody(method, path) || reply.url.includes(NOWHERE) || ASKS_THE_QUERY.includes(path))
      const hidden = !allowed && reply.status === 404
      if (!undecided && !hidden && isRefused(reply) === allowed)
        wrong.push(`${method} ${path} ${where}: ${cell}, but ${reply.status} ${reply.text.slice(0, 160)}`)
    }
  }
  expect(wrong).toEqual([])
})
