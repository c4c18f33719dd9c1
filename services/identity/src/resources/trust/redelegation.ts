/**
 * What a trust lends can be lent on, if it says so: the trustee, with a token by it, makes another trust from it. No
 * link of such a chain gives more than the one before: not more roles, nor longer, nor a name that was not lent, nor
 * more links. Mirrors keystone/trust/core.py, create_trust and _validate_redelegation.
 */
import { errors } from '../../errors.ts'

/** keystone/conf/trust.py, max_redelegation_count */
const LONGEST_CHAIN = 3

export interface Asked {
  allow_redelegation?: boolean | null | undefined
  redelegation_count?: number | null | undefined
  remaining_uses?: number | null | undefined
  impersonation: boolean
  /** ms since 1970 */
  expiresAt: number | null
  roleIds: readonly string[]
}

/** The trust it is made from. */
export interface Link {
  redelegation_count: number
  impersonation: boolean
  /** ms since 1970 */
  expiresAt: number | null
  roleIds: readonly string[]
}

/** What the new trust will say. */
export interface Terms {
  redelegation_count: number
  remaining_uses: number | null
  /** ms since 1970 */
  expiresAt: number | null
}

/**
 * @param from null: it is made by the trustor's own rights
 * @throws Problem 400 or 403
 */
export function termsOf(asked: Asked, from: Link | null): Terms {
  const { redelegation_count: count, remaining_uses: uses } = asked
  const onward = asked.allow_redelegation === true && count !== 0
  if (onward && count && count > LONGEST_CHAIN) throw errors.redelegationTooDeep(count, LONGEST_CHAIN)
  if (onward && uses) throw errors.badRequest('remaining_uses must not be set if redelegation is allowed')
  if (!from)
    return {
      redelegation_count: onward ? (count ?? LONGEST_CHAIN) : 0,
      remaining_uses: uses ?? null,
      expiresAt: asked.expiresAt,
    }
  const left = from.redelegation_count - 1
  if (left < 0) throw errors.redelegationRefused('it does not allow that')
  if (onward && count && count !== left) throw errors.redelegationRefused('its depth is given; leave it out')
  if (uses) throw errors.redelegationRefused('remaining_uses must not be set')
  if (asked.impersonation && !from.impersonation)
    throw errors.redelegationRefused('it does not let its trustee impersonate')
  if (asked.roleIds.some(id => !from.roleIds.includes(id)))
    throw errors.redelegationRefused('it does not give all of these roles')
  if (from.expiresAt !== null && asked.expiresAt !== null && asked.expiresAt > from.expiresAt)
    throw errors.redelegationRefused('it ends earlier')
  return {
    redelegation_count: onward ? left : 0,
    remaining_uses: null,
    expiresAt: asked.expiresAt ?? from.expiresAt,
  }
}
