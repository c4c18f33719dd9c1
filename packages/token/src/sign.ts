import type { KeyObject } from 'node:crypto'
import jwt from 'jsonwebtoken'
import type { Claims } from './claims.ts'

/** The one audience: every service of this cloud. */
export const AUDIENCE = 'caelum'

export interface SigningKey {
  kid: string
  privateKey: KeyObject
}

/** Signs with ES256 (EC P-256). Only the identity service holds a signing key. */
export const signToken = (claims: Claims, key: SigningKey): string =>
  jwt.sign({ ...claims, aud: AUDIENCE }, key.privateKey, { algorithm: 'ES256', keyid: key.kid })
