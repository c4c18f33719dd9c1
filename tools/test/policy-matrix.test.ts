import { type PolicyTable, type Route, type Rule, rules } from '@caelum/http'
import { describe, expect, test } from 'vitest'
import { cellOf, matrixOf, PERSONAS, unruled } from '../policy-matrix.ts'

const route = (operation: string, access?: Route['access']): Route => ({
  operation,
  method: 'GET',
  path: `/${operation.split(':')[1]}`,
  summary: '',
  ...(access ? { access } : {}),
  handle: () => undefined,
})

describe('a cell', () => {
  const ownUser: Rule = {
    text: '',
    allows: (caller, target) => target === undefined || target.userId === caller.userId,
  }
  const cells = (rule: Rule) =>
    Object.fromEntries(PERSONAS.map(([name, caller]) => [name, cellOf(rule, caller)]))

  test('says where the persona may', () => {
    expect(cells(rules.projectMember)).toMatchObject({
      'system admin': 'all',
      'project admin': 'all',
      'domain admin': '·',
      'project member': 'project',
      'project reader': '·',
      nobody: '·',
    })
    expect(cells(ownUser)).toMatchObject({ 'project reader': 'self', nobody: 'self' })
  })
})

test('a route without a rule is named; one that needs none is not', () => {
  const policy: PolicyTable = { 's:a': rules.anyone }
  expect(
    unruled([route('s:a'), route('s:b'), route('s:c', 'public'), route('s:d', 'optional')], policy),
  ).toEqual(['GET /b (s:b)', 'GET /d (s:d)'])
})

test('every route is in the matrix, and every right beside it', () => {
  const policy: PolicyTable = { 's:a': rules.anyone, 's:a:more': rules.admin }
  const text = matrixOf('s', [route('s:a'), route('s:a'), route('s:open', 'public')], policy)
  expect(text.match(/^\| GET \/a /gm)).toHaveLength(1)
  expect(text).toMatch(/^\| a:more +\| all /m)
  expect(text).toMatch(/^- GET \/open$/m)
})
