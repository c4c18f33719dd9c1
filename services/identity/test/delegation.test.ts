import { expect, test } from 'vitest'
import { claimsOf } from '../src/resources/token/claims.ts'
import type { Delegation } from '../src/resources/token/delegation.ts'
import { agreeing, type Proof } from '../src/resources/token/proof.ts'
import type { Facts } from '../src/resources/token/store.ts'

/** Park and Miller's generator: the same cases every time. */
function random(seed: number) {
  let state = seed
  const next = (below: number): number => {
    state = (state * 48_271) % 2_147_483_647
    return state % below
  }
  return { next, some: <T>(from: readonly T[], of = 3): T[] => from.filter(() => next(of) === 0) }
}

const ROLES = ['a', 'b', 'c', 'd', 'e', 'f', 'g']
const AT = 1_800_000_000_000
const project = { kind: 'project', ref: { id: 'p' } } as const

const delegationOf = (roleIds: string[] | null, whole: boolean, expiresAt: number | null): Delegation => ({
  kind: whole ? 'trust' : 'application-credential',
  id: 'x',
  target: project,
  roleIds,
  whole,
  expiresAt,
  claims: {},
})

const factsOf = (role_ids: string[], implications: [string, string][], ofDomain: string[]): Facts => ({
  at: AT,
  kid: 'k',
  password_id: null,
  user: { id: 'u', name: 'u', domain_id: 'd', domain_name: 'd', enabled: true },
  options: {},
  password_expires_at: null,
  created_at: AT,
  last_active_on: null,
  failed: null,
  default_project_id: null,
  target: { id: 'p', name: 'p', is_domain: false, domain_id: 'd', domain_name: 'd', enabled: true },
  role_ids,
  roles: ROLES.map(id => [id, id, ofDomain.includes(id) ? 'd' : '']),
  implications,
  revoked: false,
  vouched: true,
  stands: true,
})

/** The slow and obvious way: go on until nothing is new. */
function closure(ids: string[], implications: [string, string][], ofDomain: string[]): string[] {
  let all = new Set(ids)
  for (;;) {
    const more = new Set([...all, ...implications.filter(([prior]) => all.has(prior)).map(([, it]) => it)])
    if (more.size === all.size) break
    all = more
  }
  return [...all].filter(id => !ofDomain.includes(id)).sort()
}

test('a token by lent rights shows what is lent and still held, all of it or, of a trust, all or nothing', () => {
  const { next, some } = random(11)
  const seen = new Set<string>()
  for (let round = 0; round < 5_000; round++) {
    const implications = ROLES.flatMap(prior => some(ROLES, 9).map(it => [prior, it] as [string, string]))
    const ofDomain = some(ROLES, 5)
    const [held, lent] = [some(ROLES, 2), some(ROLES)]
    const whole = next(2) === 0
    const proof: Proof = {
      userId: 'u',
      methods: ['m'],
      delegation: delegationOf(next(8) === 0 ? null : lent, whole, null),
    }
    const claims = claimsOf(proof, factsOf(held, implications, ofDomain), { ttlS: 60, system: false })
    const inEffect = closure(held, implications, ofDomain)
    const shown = claims.r.map(([id]) => id).sort()
    if (proof.delegation?.roleIds === null) {
      expect(shown).toEqual(inEffect)
      continue
    }
    const given = closure(lent, implications, ofDomain)
    const both = given.filter(id => inEffect.includes(id))
    expect(shown).toEqual(whole && both.length < given.length ? [] : both)
    seen.add(`${whole} ${shown.length > 0} ${both.length < given.length}`)
  }
  expect(seen.size).toBe(7)
})

test('it ends with the first of all there is: its time, the token it is made from, the loan', () => {
  const { next } = random(13)
  for (let round = 0; round < 2_000; round++) {
    const seconds = AT / 1_000
    const [ttlS, parentLeft, lentLeft] = [1 + next(100), next(100), next(100)]
    const expiresAt = next(2) === 0 ? null : AT + lentLeft * 1_000 + next(1_000)
    const exp = seconds + parentLeft
    const proof: Proof = {
      userId: 'u',
      methods: ['m'],
      delegation: delegationOf(['a'], false, expiresAt),
      ...(next(2) === 0 ? { parent: { aid: ['x'], exp } as Proof['parent'] & object } : {}),
    }
    const claims = claimsOf(proof, factsOf(['a'], [], []), { ttlS, system: false })
    const ends = [proof.parent ? exp : seconds + ttlS, ...(expiresAt === null ? [] : [seconds + lentLeft])]
    expect(claims.exp).toBe(Math.min(...ends))
  }
})

test('proofs agree on one user and at most one loan, and what one of them is bound by binds all', () => {
  const { next } = random(17)
  for (let round = 0; round < 5_000; round++) {
    const proofs = Array.from({ length: 1 + next(3) }, (_, index): Proof => {
      const kind = next(4)
      return {
        userId: next(6) === 0 ? 'other' : 'u',
        methods: [`m${index}`, ...(next(3) === 0 ? ['again'] : [])],
        ...(kind === 0 ? { passwordId: 'pw' } : {}),
        ...(kind === 1 ? { parent: { exp: 1 } as Proof['parent'] & object } : {}),
        ...(kind === 2 ? { delegation: delegationOf(['a'], false, null) } : {}),
      }
    })
    const users = new Set(proofs.map(proof => proof.userId))
    const loans = proofs.filter(proof => proof.delegation)
    if (users.size > 1 || loans.length > 1) {
      expect(() => agreeing(proofs)).toThrow(expect.objectContaining({ status: 401 }))
      continue
    }
    const merged = agreeing(proofs)
    expect([merged.userId]).toEqual([...users])
    expect(merged.delegation).toBe(loans[0]?.delegation)
    for (const { passwordId, parent, methods } of proofs) {
      if (passwordId) expect(merged.passwordId).toBe(passwordId)
      if (parent) expect(merged.parent).toBeDefined()
      expect(merged.methods).toEqual(expect.arrayContaining(methods))
    }
    expect(new Set(merged.methods).size).toBe(merged.methods.length)
  }
  expect(() => agreeing([])).toThrow()
})
