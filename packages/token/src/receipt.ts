/** What somebody has proven so far of a login in parts; signed as a token is, and never one, by its audience. */
import jwt from 'jsonwebtoken'
import { z } from 'zod'
import type { SigningKey } from './sign.ts'
import type { Trust } from './verify.ts'

const AUDIENCE = 'caelum-receipt'

export const Receipt = z.object({
  /** user id */
  sub: z.string(),
  /** user name */
  un: z.string(),
  /** the user's domain: id, name */
  ud: z.tuple([z.string(), z.string()]),
  /** methods proven */
  m: z.array(z.string()),
  /** with a fraction of a second, as a token's */
  iat: z.number(),
  exp: z.number(),
})
export type Receipt = z.infer<typeof Receipt>

export const signReceipt = (receipt: Receipt, key: SigningKey): string =>
  jwt.sign({ ...receipt, aud: AUDIENCE }, key.privateKey, { algorithm: 'ES256', keyid: key.kid })

/** null: it is none of ours, or over. Whether its user's proofs were revoked since is for the caller to look. */
export function readReceipt(text: string, trust: Pick<Trust, 'keyOf'>): Receipt | null {
  try {
    const kid: unknown = jwt.decode(text, { complete: true })?.header.kid
    const key = typeof kid === 'string' ? trust.keyOf(kid) : undefined
    if (!key) return null
    const parsed = Receipt.safeParse(jwt.verify(text, key, { algorithms: ['ES256'], audience: AUDIENCE }))
    return parsed.success ? parsed.data : null
  } catch {
    return null
  }
}
