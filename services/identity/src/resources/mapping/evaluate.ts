/**
 * What an identity provider says of somebody (attributes with values) becomes a user and groups, by the rules of a
 * mapping: keystone/federation/utils.py, RuleProcessor. A rule whose every requirement is met adds what is in its
 * `local`, with `{0}`, `{1}`... replaced by the values of its plain, black- and whitelisted attributes. The first user
 * counts; groups and projects of all rules do.
 *
 * Three things differ from there. A value never falls apart at a semicolon: who may choose their own display name
 * would choose their groups with it. Several values fill `groups` and `group_ids` one by one. And `groups` is the name
 * of groups in the domain beside it, nothing else.
 */
import { compile, directOf, fill, fillEach } from './pattern.ts'
import type { DomainText, Local, Mapping, Requirement } from './schema.ts'

/** attribute → its values */
export type Assertion = ReadonlyMap<string, readonly string[]>

export interface Mapped {
  user: {
    type: 'ephemeral' | 'local'
    id?: string
    name?: string
    email?: string
    domain?: DomainRef
  }
  groupIds: string[]
  groupNames: { name: string; domain: DomainRef }[]
  projects: { name: string; domain?: DomainRef; roles: string[] }[]
}

export type DomainRef = { id: string } | { name: string }
type Values = readonly (readonly string[])[]

/** Null: no rule fits, so nobody is anybody here. */
export function evaluate({ rules, schema_version }: Mapping, assertion: Assertion): Mapped | null {
  const found = rules.flatMap(({ local, remote }) => {
    const values = match(remote, assertion)
    return values === null ? [] : local.map(it => ({ local: it, values }))
  })
  if (found.length === 0) return null
  const honoursDomain = schema_version !== '1.0'
  const lastDomain = honoursDomain ? domainOf(found.at(-1)) : undefined
  const person = found.find(({ local }) => local.user)
  return {
    user: userOf(person, (honoursDomain ? domainOf(person) : undefined) ?? lastDomain),
    groupIds: unique(found.flatMap(groupIdsOf)),
    groupNames: uniqueBy(found.flatMap(groupNamesOf)),
    projects: found.flatMap(it => projectsOf(it, honoursDomain ? domainOf(it) : undefined)),
  }
}

/** The values for the placeholders; null: a requirement is not met. */
function match(remote: readonly Requirement[], assertion: Assertion): Values | null {
  const met = remote.every(it => {
    const values = assertion.get(it.type) ?? []
    if (values.length === 0) return false
    if ('any_one_of' in it) return values.some(matcher(it.any_one_of, it.regex))
    if ('not_any_of' in it) return !values.some(matcher(it.not_any_of, it.regex))
    return true
  })
  return met ? directOf(remote).map(it => filtered(it, assertion.get(it.type) ?? [])) : null
}

function filtered(it: Requirement, values: readonly string[]): readonly string[] {
  if ('blacklist' in it) {
    const listed = matcher(it.blacklist, it.regex)
    return values.filter(value => !listed(value))
  }
  return 'whitelist' in it ? values.filter(matcher(it.whitelist, it.regex)) : values
}

function matcher(words: readonly string[], regex = false): (value: string) => boolean {
  if (!regex) return value => words.includes(value)
  const patterns = words.flatMap(word => compile(word) ?? [])
  return value => patterns.some(pattern => pattern.test(value))
}

interface Found {
  local: Local
  values: Values
}

function userOf(found: Found | undefined, domain: DomainRef | undefined): Mapped['user'] {
  if (!found?.local.user) return { type: 'ephemeral', ...(domain ? { domain } : {}) }
  const { user } = found.local
  const text = (template: string | undefined) =>
    template === undefined ? undefined : (fill(template, found.values) ?? undefined)
  const own = refOf(user.domain, found.values) ?? domain
  const fields = { id: text(user.id), name: text(user.name), email: text(user.email), domain: own }
  const given = Object.entries(fields).filter(([, value]) => value !== undefined)
  return { type: user.type ?? 'ephemeral', ...Object.fromEntries(given) }
}

function groupIdsOf({ local: { group, group_ids }, values }: Found): string[] {
  const one = group && 'id' in group ? fill(group.id, values) : null
  return [...(one === null ? [] : [one]), ...(group_ids === undefined ? [] : fillEach(group_ids, values))]
}

function groupNamesOf({ local: { group, groups, domain }, values }: Found): Mapped['groupNames'] {
  const named = group && 'name' in group ? fillEach(group.name, values) : []
  const many = groups === undefined ? [] : fillEach(groups, values)
  const within = (names: string[], where: DomainText | undefined) => {
    const ref = refOf(where, values)
    return ref ? names.map(name => ({ name, domain: ref })) : []
  }
  return [...within(named, group && 'domain' in group ? group.domain : undefined), ...within(many, domain)]
}

const projectsOf = (
  { local: { projects = [] }, values }: Found,
  domain: DomainRef | undefined,
): Mapped['projects'] =>
  projects.flatMap(project => {
    const name = fill(project.name, values)
    const where = refOf(project.domain, values) ?? domain
    const roles = project.roles.flatMap(role => fillEach(role.name, values))
    return name === null ? [] : [{ name, roles, ...(where ? { domain: where } : {}) }]
  })

const domainOf = (found: Found | undefined) => found && refOf(found.local.domain, found.values)

function refOf(domain: DomainText | undefined, values: Values): DomainRef | undefined {
  const id = domain?.id === undefined ? null : fill(domain.id, values)
  if (id !== null) return { id }
  const name = domain?.name === undefined ? null : fill(domain.name, values)
  return name === null ? undefined : { name }
}

const unique = (texts: readonly string[]): string[] => [...new Set(texts)]
const uniqueBy = <T>(items: readonly T[]): T[] => [
  ...new Map(items.map(item => [JSON.stringify(item), item])).values(),
]
