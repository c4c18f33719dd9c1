import type { TestApp } from './app.ts'
import { world } from './world.ts'

/** One domain with something of everything in it. */
export interface Country {
  domain: string
  project: string
  /** ids of users by what they are */
  user: string
  group: string
  /** a role of the domain */
  role: string
}

const ROLES = ['admin', 'manager', 'member', 'reader'] as const
const SCOPES = ['system', 'domain', 'project'] as const
export const PERSONAS = [
  ...SCOPES.flatMap(scope => ROLES.map(role => `${scope} ${role}` as const)),
  'service',
  'nobody',
] as const
export type Persona = (typeof PERSONAS)[number]

/**
 * Every persona of OpenStack's secure defaults with a token, all of them in domain `home`, beside a domain `abroad`
 * that none of them but administrators and the system's people may see anything of.
 */
export async function personas(api: TestApp, prefix = 'p') {
  const w = await world(api, prefix)

  async function country(name: string): Promise<Country> {
    const domain = await w.create('domains', 'domain', { name })
    const within = { domain_id: domain }
    const project = await w.create('projects', 'project', { name: `${name}-project`, ...within })
    const user = await w.create('users', 'user', { name: `${name}-user`, password: 'secret', ...within })
    const group = await w.create('groups', 'group', { name: `${name}-group`, ...within })
    const role = await w.create('roles', 'role', { name: `${name}-role`, ...within })
    await w.put(`/v3/groups/${group}/users/${user}`)
    await w.put(`/v3/projects/${project}/users/${user}/roles/${w.role('member')}`)
    await w.put(`/v3/domains/${domain}/groups/${group}/roles/${w.role('reader')}`)
    return { domain, project, user, group, role }
  }
  const [home, abroad] = [await country(`${prefix}-home`), await country(`${prefix}-abroad`)]

  /** what each persona is told apart by: the user's id and where the token counts */
  const users = new Map<Persona, string>()
  const scopes = new Map<Persona, unknown>()
  const tokens = new Map<Persona, string>()
  async function settle(persona: Persona, role: string | null, target: string, scope: unknown) {
    const name = `${prefix}-${persona.replace(' ', '-')}`
    const id = await w.create('users', 'user', { name, password: 'secret', domain_id: home.domain })
    if (role) await w.put(`/v3/${target}/users/${id}/roles/${w.role(role)}`)
    const { headers } = await api.login({ id, password: 'secret' }, scope)
    users.set(persona, id)
    scopes.set(persona, scope)
    tokens.set(persona, String(headers['x-subject-token']))
  }
  const project = [`projects/${home.project}`, { project: { id: home.project } }] as const
  for (const role of ROLES) {
    await settle(`system ${role}`, role, 'system', { system: { all: true } })
    await settle(`domain ${role}`, role, `domains/${home.domain}`, { domain: { id: home.domain } })
    await settle(`project ${role}`, role, ...project)
  }
  await settle('service', 'service', ...project)
  await settle('nobody', null, '', undefined)

  const of =
    <T>(map: Map<Persona, T>) =>
    (persona: Persona): T => {
      const found = map.get(persona)
      if (found === undefined) throw new Error(`no persona ${persona}`)
      return found
    }
  const idOf = of(users)
  /** for those that have lost the one they had */
  async function freshToken(persona: Persona): Promise<string> {
    const { headers } = await api.login({ id: idOf(persona), password: 'secret' }, scopes.get(persona))
    return String(headers['x-subject-token'])
  }
  return { ...w, home, abroad, token: of(tokens), freshToken, idOf }
}

export type Personas = Awaited<ReturnType<typeof personas>>
