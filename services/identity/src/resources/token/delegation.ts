import type { Claims } from '@caelum/token'
import { errors } from '../../errors.ts'
import type { Proof } from './proof.ts'
import type { Facts, Target } from './store.ts'

/** Rights lent out: a token made by them shows these at most, for this target alone, while the loan stands. */
export interface Delegation {
  kind: 'application-credential' | 'trust' | 'oauth1'
  id: string
  target: Target
  /** ids of the roles lent; what they imply is lent too */
  roleIds: readonly string[]
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
  claims: Pick<Claims, 'ac' | 'tr' | 'oa'>
}

/**
 * The loan a token was made by, for a token that is made from that one: what it showed is lent, and no more.
 * Null: it was made by its user's own rights.
 */
export function delegationOf({ ac, p, r, exp }: Claims): Delegation | null {
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

/** @throws Problem 401 when the loan is over */
export function checkDelegation({ delegation }: Proof, facts: Facts): void {
  if (!delegation) return
  const { expiresAt } = delegation
  if (!facts.stands || (expiresAt !== null && expiresAt <= facts.at)) throw errors.unauthenticated()
}
