import { expect, test } from 'vitest'
import { type Link, termsOf } from '../src/resources/trust/redelegation.ts'

/** Park and Miller's generator: the same chains every time. */
function random(seed: number) {
  let state = seed
  return <T>(...from: readonly T[]): T => {
    state = (state * 48_271) % 2_147_483_647
    return from[state % from.length] as T
  }
}

test('no link of a chain gives more than the one before, whatever is asked for', () => {
  const pick = random(7)
  const lengths = new Set<number>()
  for (let round = 0; round < 20_000; round++) {
    let from: Link | null = null
    for (let length = 1; ; length++) {
      const asked = {
        allow_redelegation: pick(true, true, false, null, undefined),
        redelegation_count: pick(undefined, undefined, undefined, undefined, null, 0, 1, 2, 3, 4),
        remaining_uses: pick(undefined, undefined, undefined, null, null, 1),
        impersonation: pick(true, false),
        expiresAt: pick(null, 100, 200, 300),
        roleIds: [...new Set([pick('a', 'a', 'b'), pick('a', 'a', 'b', 'c')])],
      }
      let link: Link
      try {
        const terms = termsOf(asked, from)
        expect(terms.redelegation_count > 0 && terms.remaining_uses !== null).toBe(false)
        link = { ...asked, ...terms }
      } catch (error) {
        expect(error).toMatchObject({ status: expect.toSatisfy(it => it === 400 || it === 403) })
        break
      }
      const before: Link | null = from
      if (before) {
        expect(link.redelegation_count).toBeLessThan(before.redelegation_count)
        expect(link.roleIds.filter(id => !before.roleIds.includes(id))).toEqual([])
        expect(link.impersonation && !before.impersonation).toBe(false)
        if (before.expiresAt !== null)
          expect(link.expiresAt ?? Number.POSITIVE_INFINITY).toBeLessThanOrEqual(before.expiresAt)
      }
      lengths.add(length)
      from = link
    }
  }
  expect([...lengths].sort()).toEqual([1, 2, 3, 4])
})
