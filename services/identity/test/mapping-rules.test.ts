import { describe, expect, test } from 'vitest'
import { type Assertion, evaluate, type Mapped } from '../src/resources/mapping/evaluate.ts'
import { MappingBody, type Rule } from '../src/resources/mapping/schema.ts'

const assertion = (attributes: Record<string, string[]>): Assertion => new Map(Object.entries(attributes))
const BOB = assertion({
  sub: ['b-1'],
  name: ['Bob'],
  family: ['Thompson'],
  email: ['bob@example.com'],
  kind: ['Contractor'],
  groups: ['dev', 'ops', 'Admins'],
  odd: ['x;admins', "['y', 'z']", '{0}'],
})
const mapped = (rules: unknown[], of = BOB, schema_version: '1.0' | '2.0' = '1.0') =>
  evaluate({ rules: rules as Rule[], schema_version }, of)

const user = { user: { name: '{0}' } }
const D = { domain: { id: 'd' } }
const named = (...names: string[]) => names.map(name => ({ name, domain: { id: 'd' } }))

describe('who fits a rule', () => {
  test.each<[name: string, remote: unknown[], fits: boolean]>([
    ['has the attribute', [{ type: 'name' }], true],
    ['lacks it', [{ type: 'phone' }], false],
    ['lacks one of two', [{ type: 'name' }, { type: 'phone' }], false],
    ['any_one_of, and is', [{ type: 'name' }, { type: 'kind', any_one_of: ['Staff', 'Contractor'] }], true],
    ['any_one_of, and is not', [{ type: 'name' }, { type: 'kind', any_one_of: ['Staff'] }], false],
    ['any_one_of in another case', [{ type: 'name' }, { type: 'kind', any_one_of: ['contractor'] }], false],
    [
      'any_one_of by a regular expression',
      [{ type: 'name' }, { type: 'kind', any_one_of: ['^Con'], regex: true }],
      true,
    ],
    [
      'by one without case',
      [{ type: 'name' }, { type: 'kind', any_one_of: ['(?i)^con'], regex: true }],
      true,
    ],
    [
      'by a named group',
      [{ type: 'name' }, { type: 'email', any_one_of: ['(?P<at>@)example'], regex: true }],
      true,
    ],
    ['any_one_of nothing', [{ type: 'name' }, { type: 'kind', any_one_of: [] }], false],
    ['not_any_of, and is none', [{ type: 'name' }, { type: 'kind', not_any_of: ['Staff'] }], true],
    ['not_any_of, and is one', [{ type: 'name' }, { type: 'groups', not_any_of: ['x', 'ops'] }], false],
    [
      'not_any_of by a regular expression',
      [{ type: 'name' }, { type: 'kind', not_any_of: ['tract'], regex: true }],
      false,
    ],
    ['not_any_of of an absent attribute', [{ type: 'name' }, { type: 'phone', not_any_of: ['1'] }], false],
    ['a whitelist of nothing that there is', [{ type: 'name' }, { type: 'groups', whitelist: ['x'] }], true],
  ])('%s', (_, remote, fits) => {
    expect(mapped([{ local: [user], remote }]) !== null).toBe(fits)
  })
})

describe('what a rule gives', () => {
  test.each<[name: string, local: unknown[], remote: unknown[], gives: Partial<Mapped>]>([
    [
      'texts with values in them',
      [{ user: { id: '{2}', name: '{0} {1}', email: '<{3}>' } }],
      [{ type: 'name' }, { type: 'family' }, { type: 'sub' }, { type: 'email' }],
      { user: { type: 'ephemeral', id: 'b-1', name: 'Bob Thompson', email: '<bob@example.com>' } },
    ],
    [
      'placeholders count plain attributes only',
      [{ user: { name: '{1}' } }],
      [
        { type: 'name' },
        { type: 'kind', any_one_of: ['Contractor'] },
        { type: 'sub', not_any_of: ['x'] },
        { type: 'email' },
      ],
      { user: { type: 'ephemeral', name: 'bob@example.com' } },
    ],
    [
      'braces doubled are braces',
      [{ user: { name: '{{0}} {0}' } }],
      [{ type: 'name' }],
      { user: { type: 'ephemeral', name: '{0} Bob' } },
    ],
    [
      'a local user in a domain',
      [{ user: { name: '{0}', type: 'local', domain: { name: 'D' } } }],
      [{ type: 'name' }],
      { user: { type: 'local', name: 'Bob', domain: { name: 'D' } } },
    ],
    ['a group by id', [user, { group: { id: 'g' } }], [{ type: 'name' }], { groupIds: ['g'] }],
    [
      'a group by name',
      [user, { group: { name: 'of-{0}', ...D } }],
      [{ type: 'name' }],
      { groupNames: named('of-Bob') },
    ],
    [
      'a group for each value',
      [user, { groups: '{1}', ...D }],
      [{ type: 'name' }, { type: 'groups' }],
      { groupNames: named('dev', 'ops', 'Admins') },
    ],
    [
      'each with something around it',
      [user, { groups: 'sso-{1}', ...D }],
      [{ type: 'name' }, { type: 'groups', blacklist: ['ops'] }],
      { groupNames: named('sso-dev', 'sso-Admins') },
    ],
    [
      'a whitelist',
      [user, { groups: '{1}', ...D }],
      [{ type: 'name' }, { type: 'groups', whitelist: ['ops', 'nothing'] }],
      { groupNames: named('ops') },
    ],
    [
      'a whitelist by a regular expression',
      [user, { group_ids: '{1}' }],
      [{ type: 'name' }, { type: 'groups', whitelist: ['^(?:dev|ops)$'], regex: true }],
      { groupIds: ['dev', 'ops'] },
    ],
    [
      'a blacklist by a regular expression',
      [user, { groups: '{1}', ...D }],
      [{ type: 'name' }, { type: 'groups', blacklist: ['(?i)^admin'], regex: true }],
      { groupNames: named('dev', 'ops') },
    ],
    [
      'nothing for a list that left nothing',
      [user, { groups: '{1}', ...D }],
      [{ type: 'name' }, { type: 'groups', whitelist: [] }],
      { groupNames: [], groupIds: [] },
    ],
    [
      'no more than the values: neither semicolons nor lists nor placeholders in them mean anything',
      [user, { groups: '{1}', ...D }],
      [{ type: 'name' }, { type: 'odd' }],
      { groupNames: named('x;admins', "['y', 'z']", '{0}') },
    ],
    [
      'projects with roles',
      [user, { projects: [{ name: 'for-{0}', roles: [{ name: 'member' }, { name: '{1}' }] }] }],
      [{ type: 'name' }, { type: 'groups', whitelist: ['dev'] }],
      { projects: [{ name: 'for-Bob', roles: ['member', 'dev'] }] },
    ],
    [
      'nobody’s name where the value is filtered away',
      [{ user: { name: '{0}' } }],
      [{ type: 'groups', whitelist: [] }],
      { user: { type: 'ephemeral' } },
    ],
  ])('%s', (_, local, remote, gives) => {
    expect(mapped([{ local, remote }])).toMatchObject(gives)
  })
})

test('the first user counts, and the groups of every rule that fits, once each', () => {
  const staff = { local: [{ group: { id: 'g1' } }, { group_ids: 'g1' }], remote: [{ type: 'name' }] }
  const first = { local: [user], remote: [{ type: 'name' }] }
  const second = { local: [{ user: { name: 'other' } }, { groups: 'a', ...D }], remote: [{ type: 'sub' }] }
  const unfit = { local: [{ group: { id: 'never' } }], remote: [{ type: 'phone' }] }
  expect(mapped([staff, first, second, second, unfit])).toEqual({
    user: { type: 'ephemeral', name: 'Bob' },
    groupIds: ['g1'],
    groupNames: named('a'),
    projects: [],
  })
  expect(mapped([unfit])).toBeNull()
})

test('from version 2.0 on a domain is for users and projects beside it too', () => {
  const local = [{ ...user, ...D, projects: [{ name: 'p', roles: [] }] }]
  const rules = [{ local, remote: [{ type: 'name' }] }]
  expect(mapped(rules, BOB, '1.0')?.user).not.toHaveProperty('domain')
  expect(mapped(rules, BOB, '1.0')?.projects).toEqual([{ name: 'p', roles: [] }])
  expect(mapped(rules, BOB, '2.0')).toMatchObject({
    user: { domain: { id: 'd' } },
    projects: [{ name: 'p', domain: { id: 'd' } }],
  })
  const beside = [{ local: [user, { groups: 'a', ...D }], remote: [{ type: 'name' }] }]
  expect(mapped(beside, BOB, '2.0')?.user).toMatchObject({ domain: { id: 'd' } })
})

describe('what is no mapping', () => {
  const good = { local: [user], remote: [{ type: 'name' }] }
  test.each<[name: string, rules: unknown]>([
    ['no rules', []],
    ['a rule without remote', [{ local: [user] }]],
    ['nothing asked', [{ ...good, remote: [] }]],
    ['two conditions in one', [{ ...good, remote: [{ type: 'name', any_one_of: [], whitelist: [] }] }]],
    ['a regex without a list', [{ ...good, remote: [{ type: 'name', regex: true }] }]],
    [
      'a regular expression that is none',
      [{ ...good, remote: [{ type: 'name', whitelist: ['('], regex: true }] }],
    ],
    ['a placeholder too far', [{ ...good, local: [{ user: { name: '{1}' } }] }]],
    ['groups without a domain', [{ ...good, local: [{ groups: 'a' }] }]],
    ['a group by name without a domain', [{ ...good, local: [{ group: { name: 'a' } }] }]],
    ['an unknown kind of user', [{ ...good, local: [{ user: { type: 'remote' } }] }]],
    ['something unknown', [{ ...good, extra: true }]],
  ])('%s', (_, rules) => {
    expect(MappingBody.safeParse({ mapping: { rules } }).success).toBe(false)
    expect(MappingBody.safeParse({ mapping: { rules: [good] } }).success).toBe(true)
  })
})
