import { type AccountRules, isExpired, isInactive, missingMethods } from '../../account/rules.ts'
import { errors } from '../../errors.ts'
import { Refusal, refuse, tokenGone } from '../../login/refusal.ts'
import type { Proof } from './proof.ts'
import { ReceiptNeeded } from './receipt.ts'
import type { Facts } from './store.ts'

/**
 * What the account itself asks of a proof, whatever the scope; from the facts, and so under their lock.
 *
 * @param isMethod is there such a method at all?
 * @throws Refusal 401
 * @throws ReceiptNeeded 401 when the methods were right and are too few
 */
export function checkAccount(
  proof: Proof,
  facts: Facts,
  { rules, isMethod }: { rules: AccountRules; isMethod: (name: string) => boolean },
): void {
  const { options } = facts
  const { id, enabled } = facts.user
  const lent = proof.delegation?.kind
  const now = new Date(facts.at)
  if (proof.guessable && facts.failed?.locked && !options.ignore_lockout_failure_attempts)
    throw refuse('account-locked', id)
  if (proof.passwordId && proof.passwordId !== facts.password_id) throw refuse('refused', id)
  const times = {
    lastActiveOn: dateOf(facts.last_active_on),
    createdAt: new Date(facts.created_at),
    now,
  }
  if (!enabled || isInactive(rules, options, times)) throw refuse('account-disabled', id)
  if (facts.revoked) throw proof.parent ? tokenGone(id) : refuse('refused', id)
  if (!facts.vouched) throw refuse('refused', id)
  if (proof.passwordId && isExpired(dateOf(facts.password_expires_at), options, now))
    throw new Refusal({ why: 'password-expired', userId: id }, errors.passwordExpired(id))
  const missing = missingMethods(options, proof.methods, isMethod)
  if (!missing || lent === 'ec2') return
  // a receipt says which methods were right, and neither who vouched nor that no more was given than was lent
  const byOthers = proof.federated !== undefined || (lent && lent !== 'trust')
  throw byOthers ? refuse('refused', id) : new ReceiptNeeded(proof, facts, missing)
}

const dateOf = (ms: number | null): Date | null => (ms === null ? null : new Date(ms))
