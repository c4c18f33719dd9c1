import type { Keypair } from './store.ts'

/** `type` appears with 2.2 (nova/api/openstack/compute/keypairs.py). */
const brief = (row: Keypair, microversion: number) => ({
  name: row.name,
  public_key: row.public_key,
  fingerprint: row.fingerprint,
  ...(microversion >= 2 ? { type: row.type } : {}),
})

export const viewListed = (row: Keypair, microversion: number) => ({ keypair: brief(row, microversion) })

export const viewShown = (row: Keypair, microversion: number) => ({
  keypair: {
    ...brief(row, microversion),
    user_id: row.user_id,
    id: Number.parseInt(row.id.slice(-8), 16),
    created_at: row.created_at.toISOString().replace('Z', '000'),
    deleted: false,
    deleted_at: null,
    updated_at: null,
  },
})

/** The private key is in this one answer and nowhere else. */
export const viewCreated = (row: Keypair, microversion: number, privateKey: string | null) => ({
  keypair: {
    ...brief(row, microversion),
    user_id: row.user_id,
    ...(privateKey ? { private_key: privateKey } : {}),
  },
})
