/**
 * A signature made with an EC2 key pair proves its user, for its project alone (keystone/api/_shared/
 * EC2_S3_Resource.py). Every refusal is the same 401, after the same work: an unknown access key is checked against a
 * secret that nobody has.
 */
import { randomBytes } from 'node:crypto'
import { errors } from '../../errors.ts'
import { equalSecret } from '../../login/equal.ts'
import type { Sealing } from '../../signing/seal.ts'
import { idOfAccess, parseKeyPair, sealName } from '../credential/blob.ts'
import { byKeyPair } from '../token/delegation.ts'
import type { Proof } from '../token/proof.ts'
import type { SignedAccess, SignedS3 } from './schema.ts'
import { expectedOf, signatureOfS3 } from './signature.ts'
import type { KeyPairRow, KeyPairStore } from './store.ts'

/** keystone/conf/credential.py, auth_ttl */
const GOOD_FOR_MS = 15 * 60_000

const NOBODYS = randomBytes(32).toString('hex')

export const keyPairProof = ({ store, sealing }: { store: KeyPairStore; sealing: Sealing }) => {
  async function secretOf(access: string): Promise<{ row: KeyPairRow | null; secret: string }> {
    const row = await store.find(idOfAccess(access))
    const pair = row && parseKeyPair(sealing.unseal(sealName(row.id), row.blob_sealed).toString())
    return row && pair?.secret && pair.access === access
      ? { row, secret: pair.secret }
      : { row: null, secret: NOBODYS }
  }

  const proofOf = (row: KeyPairRow): Proof => ({
    userId: row.user_id,
    methods: ['ec2credential'],
    delegation: byKeyPair(row.id, row.project_id, row.version),
  })

  return {
    /** @throws Problem 401 */
    async ofRequest({ access, signature, ...request }: SignedAccess, now: Date): Promise<Proof> {
      const { row, secret } = await secretOf(access)
      const right = expectedOf(request, secret).find(it => equalSecret(it.signature, signature))
      if (!row || !right) throw errors.unauthenticated()
      if (right.signedAt && Math.abs(now.getTime() - right.signedAt.getTime()) > GOOD_FOR_MS)
        throw errors.unauthenticated()
      return proofOf(row)
    },

    /** @throws Problem 401 */
    async ofS3({ access, token, signature }: SignedS3): Promise<Proof> {
      const { row, secret } = await secretOf(access)
      const expected = signatureOfS3(Buffer.from(token, 'base64url'), secret)
      if (!row || !expected || !equalSecret(expected, signature)) throw errors.unauthenticated()
      return proofOf(row)
    },
  }
}

export type KeyPairProof = ReturnType<typeof keyPairProof>
