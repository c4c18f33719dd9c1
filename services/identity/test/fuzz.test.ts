/**
 * Every route of the OpenAPI document, asked again and again by everybody there is: no 5xx, no answer that does not
 * come, and nothing of another domain in any answer to a domain's people.
 */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Fuzzer, type FuzzOutcome, fuzzAll, type OpenApiDocument } from '@caelum/testkit'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type TestApp, testApp } from './app.ts'
import { type Country, type Persona, type Personas, personas } from './personas.ts'

const document: OpenApiDocument = JSON.parse(
  readFileSync(join(import.meta.dirname, '../../../openapi/identity.json'), 'utf8'),
)

let api: TestApp
let p: Personas
beforeAll(async () => {
  api = await testApp()
  p = await personas(api, 'fz')
})
afterAll(() => api.close())

function idsOf(countries: readonly Country[]): Record<string, string[]> {
  const all = (key: keyof Country) => countries.map(country => country[key])
  return {
    domains: all('domain'),
    projects: [...all('project'), ...all('domain')],
    parents: all('project'),
    users: all('user'),
    groups: all('group'),
    roles: [...all('role'), p.role('member'), p.role('reader')],
    implies: [...all('role'), p.role('member')],
    regions: ['RegionOne'],
    region_ids: ['RegionOne'],
    config: ['ldap', 'identity', 'security_compliance'],
  }
}

/** What the fuzzing itself must not take away: it would have nobody left to ask as. */
const spares = (method: string, url: string) =>
  method === 'DELETE' || method === 'PATCH' || (method === 'PUT' && /implies/.test(url))

function fuzz(options: {
  seed: number
  rounds: number
  personas: readonly Persona[]
  ids: Record<string, string[]>
  /** takes nothing away from the personas */
  careful: boolean
}): Promise<FuzzOutcome> {
  const fuzzer = new Fuzzer({ document, ...options })
  return fuzzAll(fuzzer, options.rounds, async ({ method, url, body }) => {
    if (options.careful && spares(method, url)) return null
    const token = await p.freshToken(fuzzer.pick(options.personas))
    return api.call(method as 'GET', url, {
      token,
      headers: { 'x-subject-token': token },
      ...(body === undefined ? {} : { body }),
    })
  })
}

/** Before administrators have been at it, who may well give a foreigner a role here. */
describe('who learns what', () => {
  const learnt = async (seed: number, who: readonly Persona[], foreign: readonly string[], names: RegExp) => {
    const ids = idsOf([p.home, p.abroad])
    const { answers, failures } = await fuzz({ seed, rounds: 12, personas: who, ids, careful: true })
    expect(failures).toEqual([])
    expect(answers.length).toBeGreaterThan(100)
    return answers.filter(
      ({ text, request }) =>
        names.test(text) || foreign.some(id => text.includes(id) && !request.includes(id)),
    )
  }

  test('a domain’s people nothing of another domain', async () => {
    const who = ['domain manager', 'domain manager', 'domain reader', 'domain admin'] as const
    expect(await learnt(20_261_122, who, Object.values(p.abroad), /fz-abroad/)).toEqual([])
  })

  test('a project’s people nothing but their project', async () => {
    const who = ['project manager', 'project member', 'project reader', 'nobody'] as const
    const foreign = [...Object.values(p.abroad), p.home.user, p.home.group, p.home.role]
    expect(await learnt(20_261_124, who, foreign, /fz-abroad|fz-home-(user|group|role)/)).toEqual([])
  })
})

test('no request makes a 5xx or hangs', async () => {
  const { failures, statuses } = await fuzz({
    seed: 20_261_121,
    rounds: 12,
    personas: ['system admin', 'system admin', 'domain manager', 'project member', 'system reader'],
    ids: idsOf([p.home, p.abroad]),
    careful: true,
  })
  expect(failures).toEqual([])
  expect(statuses.get(200)).toBeGreaterThan(200)
  expect(statuses.get(201)).toBeGreaterThan(20)
  expect(statuses.get(403)).toBeGreaterThan(200)
})

test('changes and deletions of everything break nothing', async () => {
  const w = await personas(api, 'fx')
  const ids = idsOf([w.home, w.abroad])
  const { failures } = await fuzz({
    seed: 20_261_123,
    rounds: 8,
    personas: ['system admin'],
    ids,
    careful: false,
  })
  expect(failures).toEqual([])
  const { status } = await api.call('GET', '/v3/users', { token: await p.freshToken('project admin') })
  expect(status).toBe(200)
})
