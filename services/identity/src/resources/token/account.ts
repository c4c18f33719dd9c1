import { errors } from '../../errors.ts'
import type { Proof } from './proof.ts'
import type { Facts } from './store.ts'

/**
 * What the account itself asks of a proof, whatever the scope; from the facts, and so under their lock.
 *
 * @throws Problem 401
 */
export function checkAccount(proof: Proof, facts: Facts): void {
  if (!facts.user.enabled || facts.revoked) throw errors.unauthenticated()
  if (proof.passwordId && proof.passwordId !== facts.password_id) throw errors.unauthenticated()
  if (proof.bound?.version && proof.bound.version !== facts.key_pair_version) throw errors.unauthenticated()
}
