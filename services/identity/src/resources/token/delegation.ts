import type { Claims } from '@caelum/token'
import { errors } from '../../errors.ts'
import type { Proof } from './proof.ts'
import { type Scope, targetOf } from './scope.ts'
import type { Facts, Target } from './store.ts'

/** Rights lent out: a token made by them shows these at most, for this target alone, while the loan stands. */
export interface Delegation {
  kind: 'application-credential' | 'trust' | 'oauth1' | 'ec2'
  id: string
  /** of the row that was looked at, which must still be that one when the token is made */
  version?: string
  target: Target
  /** ids of the roles lent; what they imply is lent too; null: all that there are */
  roleIds: readonly string[] | null
  /** all of these roles must still be there to lend; else those that are left count */
  whole?: boolean
  /** ms since 1970; null: it does not end by itself */
  expiresAt: number | null
  /** it is good for some tokens only, and this is one of them */
  counted?: boolean
  /** whose roles are lent, when they are not those of the user who asks */
  holderId?: string
  /** all of them must be enabled */
  agentIds?: readonly string[]
  /** whose the token is, when it is not that of the user who asks */
  actsAs?: { id: string; name: string; domain_id: string; domain_name: string }
  /** how a token tells of it */
  claims: Pick<Claims, 'ac' | 'tr' | 'oa' | 'cr'>
}

export const byKeyPair = (id: string, projectId: string, version?: string): Delegation => ({
  kind: 'ec2',
  id,
  ...(version === undefined ? {} : { version }),
  target: { kind: 'project', ref: { id: projectId } },
  roleIds: null,
  expiresAt: null,
  claims: { cr: id },
})

/**
 * The loan a token was made by, for a token that is made from that one: what it showed is lent, and no more.
 *
 * @returns null when it was made by its user's own rights
 * @throws Problem 403 when it makes no other, as in Keystone (keystone/auth/plugins/token.py)
 */
export function delegationOf({ ac, tr, oa, cr, p, r, exp }: Claims): Delegation | null {
  if (oa) throw errors.noTokenFromLent('OAuth')
  if (tr) throw errors.noTokenFromLent('a trust')
  if (cr !== undefined) return byKeyPair(cr, p?.[0] ?? '')
  if (!ac) return null
  return {
    kind: 'application-credential',
    id: ac.id,
    target: p ? { kind: 'project', ref: { id: p[0] } } : { kind: 'system' },
    roleIds: r.map(([id]) => id),
    expiresAt: exp * 1_000,
    claims: { ac },
  }
}

/**
 * Lent rights have their own scope, and the system's stay there (keystone/auth/plugins/token.py).
 *
 * @throws Problem 401, 403
 */
export function checkScope({ delegation, parent }: Proof, scope: Scope | undefined): void {
  if (!scope) return
  const target = targetOf(scope)
  if (delegation && !(delegation.kind === 'ec2' && isSame(delegation.target, target)))
    throw errors.scopeIsLent()
  if (parent?.sys && target && target.kind !== 'system') throw errors.systemStays()
}

const isSame = (one: Target, other: Target | null): boolean =>
  one.kind === 'project' && other?.kind === 'project' && one.ref.id === other.ref.id

/** @throws Problem 401 when the loan is over */
export function checkDelegation({ delegation }: Proof, facts: Facts): void {
  if (!delegation) return
  const { expiresAt } = delegation
  if (!facts.stands || (expiresAt !== null && expiresAt <= facts.at)) throw errors.unauthenticated()
}
