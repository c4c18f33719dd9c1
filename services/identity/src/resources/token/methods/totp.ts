/**
 * One-time passcodes by time (RFC 6238) with the secrets that a user keeps as credentials of type `totp`, in base32:
 * six digits, SHA-1, steps of 30 seconds, as keystone/auth/plugins/totp.py and every authenticator has them. A
 * passcode is good once, in whichever process: taking it is one compare-and-set on the credential.
 */
import { createHmac } from 'node:crypto'
import { z } from 'zod'
import { idText } from '../../../collection.ts'
import { equalSecret } from '../../../login/equal.ts'
import type { LoginGuard } from '../../../login/guard.ts'
import { refuse } from '../../../login/refusal.ts'
import type { Sealing } from '../../../signing/seal.ts'
import { sealName } from '../../credential/blob.ts'
import { Domain } from '../scope.ts'
import type { TokenStore } from '../store.ts'
import { accountOf } from './guessed.ts'
import type { Method } from './method.ts'

export const TotpBlock = z.object({
  user: z
    .object({
      id: idText.optional(),
      name: idText.optional(),
      domain: Domain.optional(),
      passcode: z.string().max(64),
    })
    .refine(it => it.id !== undefined || it.name !== undefined, 'id or name must be present')
    .refine(it => it.id !== undefined || it.domain !== undefined, 'a name needs a domain'),
})
type TotpBlock = z.output<typeof TotpBlock>

const STEP_S = 30
const DIGITS = 6
/** keystone/conf/totp.py, included_previous_windows */
const STEPS_BACK = 1

interface Dependencies {
  store: Pick<TokenStore, 'credentials' | 'totpSecrets' | 'takeStep'>
  sealing: Sealing
  guard: Pick<LoginGuard, 'admitTo'>
}

export const totpMethod = ({ store, sealing, guard }: Dependencies): Method<TotpBlock> => ({
  async prove({ user }, { ctx }) {
    const found = await store.credentials(user)
    const account = accountOf(user, found)
    guard.admitTo(account, found?.user_id ?? null)
    const step = Math.floor(ctx.clock.now().getTime() / 1000 / STEP_S)
    for (const { id, blob_sealed } of await store.totpSecrets(found?.user_id ?? null)) {
      const secret = fromBase32(sealing.unseal(sealName(id), blob_sealed).toString())
      if (!secret) continue
      const right = Array.from({ length: STEPS_BACK + 1 }, (_, back) => step - back).find(at =>
        equalSecret(passcode(secret, at), user.passcode),
      )
      if (found && right !== undefined && (await store.takeStep(id, right)))
        return { userId: found.user_id, methods: ['totp'], guessable: true }
    }
    throw refuse('wrong-secret', found?.user_id ?? null, account)
  },
})

/** RFC 4226, with the step as the counter. */
export function passcode(secret: Buffer, step: number): string {
  const counter = Buffer.alloc(8)
  counter.writeBigUInt64BE(BigInt(step))
  const digest = createHmac('sha1', secret).update(counter).digest()
  const offset = digest.readUInt8(digest.length - 1) & 0xf
  const code = digest.readUInt32BE(offset) & 0x7fff_ffff
  return String(code % 10 ** DIGITS).padStart(DIGITS, '0')
}

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'

/** RFC 4648, with or without padding; null: it is not base32, or nothing. */
export function fromBase32(text: string): Buffer | null {
  const digits = text.trim().replace(/=+$/, '')
  const bytes: number[] = []
  let [bits, value] = [0, 0]
  for (const digit of digits.toUpperCase()) {
    const at = ALPHABET.indexOf(digit)
    if (at < 0) return null
    value = ((value << 5) | at) & 0xfff
    bits += 5
    if (bits < 8) continue
    bits -= 8
    bytes.push((value >> bits) & 0xff)
  }
  return bytes.length > 0 ? Buffer.from(bytes) : null
}
