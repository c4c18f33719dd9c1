import type { Claims, Receipt } from '@caelum/token'
import { errors } from '../../errors.ts'
import type { Delegation } from './delegation.ts'

/** Who asks for a token, proven. */
export interface Proof {
  userId: string
  /** how, as the token will show it */
  methods: string[]
  /** the password that was checked: it must still count when the token is made */
  passwordId?: string
  /** it was proven by something that others may guess: not while the account is locked */
  guessable?: true
  /** the token this one is made from */
  parent?: Claims
  /** what was proven a moment ago, in a login that this one completes */
  receipt?: Receipt
  /** an identity provider vouched for the user: the token ends with it, its protocol and its mapping */
  federated?: {
    providerId: string
    protocolId: string
    /** that its mapping gave */
    groupIds: readonly string[]
    /** to a user of our own */
    local: boolean
    /** of all three as they were asked, and must still be when the token is made; undefined: by a token of it */
    version?: string
  }
  /** the user acts by rights that were lent, and by no others */
  delegation?: Delegation
}

/**
 * Several methods must prove the same user, and at most one of them by lent rights.
 *
 * @throws Problem 401
 */
export function agreeing(proofs: readonly Proof[]): Proof {
  const [first] = proofs
  if (!first || proofs.some(proof => proof.userId !== first.userId)) throw errors.unauthenticated()
  if (proofs.filter(proof => proof.delegation).length > 1) throw errors.unauthenticated()
  const merged = Object.assign({}, ...proofs) as Proof
  return { ...merged, methods: [...new Set(proofs.flatMap(proof => proof.methods))] }
}
