import { Problem } from '@caelum/kernel'
import { errors } from '../errors.ts'

/** Why a login was refused, for the record alone. */
export type Why =
  | 'wrong-secret'
  | 'account-locked'
  | 'account-disabled'
  | 'password-expired'
  | 'no-right-to-scope'
  | 'too-many-failures'
  | 'refused'

export interface Refused {
  why: Why
  /** null: nobody is called so */
  userId: string | null
  /** whose wrong guess is counted (`accountKey`), null: nobody's in particular; undefined: this was no guess */
  guessedAt?: string | null | undefined
}

/** A refused login. To the client it is the same 401 as every other; `refused` never leaves the service. */
export class Refusal extends Problem {
  readonly refused: Refused
  constructor(refused: Refused, { code, status, message, headers }: Problem = errors.unauthenticated()) {
    super(code, status, message, headers)
    this.refused = refused
  }
}

export const refuse = (why: Why, userId: string | null, guessedAt?: string | null): Refusal =>
  new Refusal({ why, userId, guessedAt })

/** of a token that another one was to be made from */
export const tokenGone = (userId: string | null): Refusal =>
  new Refusal({ why: 'refused', userId }, errors.tokenNotFound())
