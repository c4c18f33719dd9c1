import { authorize } from '@caelum/http'
import { type Ctx, newId, projectOf } from '@caelum/kernel'
import { errors } from '../../errors.ts'
import { policy } from '../../policy.ts'
import type { QuotaService } from '../quota-set/service.ts'
import { generateSshKey, sshFingerprint, x509Fingerprint } from './public-key.ts'
import type { CreateKeypair, ListKeypairs } from './schema.ts'
import type { Keypair, KeypairStore } from './store.ts'

export type KeypairService = ReturnType<typeof keypairService>

/** Key pairs belong to a user, not to a project; an administrator may act for another user. */
export const keypairService = (store: KeypairStore, quotas: Pick<QuotaService, 'limitsOfProject'>) => ({
  async create(ctx: Ctx, keypair: CreateKeypair): Promise<{ row: Keypair; privateKey: string | null }> {
    const userId = ownerOf(ctx, 'compute:keypairs:create', keypair.user_id)
    const type = keypair.type ?? 'ssh'
    if (type === 'x509' && !keypair.public_key)
      throw errors.invalidPublicKey('an x509 key pair needs a certificate')
    const made = keypair.public_key ? null : generateSshKey(`Generated-by-Caelum`)
    const publicKey = keypair.public_key ?? made?.publicKey ?? ''
    const fingerprint = type === 'ssh' ? sshFingerprint(publicKey) : x509Fingerprint(publicKey)
    if (!fingerprint)
      throw errors.invalidPublicKey(
        type === 'ssh' ? 'it is not an OpenSSH public key' : 'it is not a certificate',
      )
    const row: Keypair = {
      id: newId(),
      user_id: userId,
      name: keypair.name,
      type,
      public_key: publicKey,
      fingerprint,
      created_at: ctx.clock.now(),
    }
    const { key_pairs: most } = await quotas.limitsOfProject(projectOf(ctx.caller) ?? '')
    const outcome = await store.insert(row, most)
    if (outcome === 'full') throw errors.keypairQuota(most)
    if (outcome === 'name-taken') throw errors.keypairExists(keypair.name)
    return { row, privateKey: made?.privateKey ?? null }
  },

  async get(ctx: Ctx, name: string, user?: string): Promise<Keypair> {
    const row = await store.get(ownerOf(ctx, 'compute:keypairs:show', user), name)
    if (!row) throw errors.keypairNotFound(name)
    return row
  },

  /** for a server that names one: the caller's own, or null */
  find: (userId: string, name: string): Promise<Keypair | null> => store.get(userId, name),

  list: (ctx: Ctx, query: ListKeypairs) =>
    store.list(ownerOf(ctx, 'compute:keypairs:list', query.user_id), {
      limit: Math.min(query.limit ?? 1_000, 1_000),
      marker: query.marker,
    }),

  async remove(ctx: Ctx, name: string, user?: string): Promise<void> {
    if (!(await store.remove(ownerOf(ctx, 'compute:keypairs:delete', user), name)))
      throw errors.keypairNotFound(name)
  },
})

/** @throws Problem 403 when the caller may not act for that user */
function ownerOf(ctx: Ctx, operation: string, userId = ctx.caller.userId): string {
  authorize(policy, ctx, operation, { userId })
  return userId
}
