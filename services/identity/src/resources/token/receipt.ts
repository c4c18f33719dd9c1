/**
 * A login by several methods may come in parts: whoever gave some of them, and right ones, gets a receipt for those,
 * and sends it along with the rest (keystone/receipt, keystone/api/_shared/authentication.py). It is signed as a token
 * is, for another audience, lives for minutes, and ends as the user's tokens do.
 */
import { isoMicros, Problem } from '@caelum/kernel'
import { type Receipt, type SigningKey, signReceipt } from '@caelum/token'
import type { FastifyReply } from 'fastify'
import { errors } from '../../errors.ts'
import type { Proof } from './proof.ts'
import type { Facts } from './store.ts'

/** seconds; keystone/conf/receipt.py */
const GOOD_FOR_S = 300

/** The methods were right and are too few. Once it is signed it is an answer, with status 401. */
export class ReceiptNeeded extends Problem {
  readonly receipt: Receipt
  readonly missing: string[][]
  readonly kid: string
  #text = ''

  constructor({ methods, userId }: Proof, { user, at, kid }: Facts, missing: string[][]) {
    const { code, status, message } = errors.unauthenticated()
    super(code, status, message)
    const iat = at / 1000
    this.receipt = {
      sub: userId,
      un: user.name,
      ud: [user.domain_id, user.domain_name],
      m: methods,
      iat,
      exp: Math.floor(iat + GOOD_FOR_S),
    }
    this.missing = missing
    this.kid = kid
  }

  sign(key: SigningKey): this {
    this.#text = signReceipt(this.receipt, key)
    return this
  }

  answer(reply: FastifyReply) {
    const { sub, un, ud, m, iat, exp } = this.receipt
    reply.code(401).header('openstack-auth-receipt', this.#text)
    return {
      receipt: {
        methods: m,
        user: { id: sub, name: un, domain: { id: ud[0], name: ud[1] } },
        issued_at: isoMicros(new Date(Math.round(iat * 1000))),
        expires_at: isoMicros(new Date(exp * 1000)),
      },
      required_auth_methods: this.missing,
    }
  }
}
