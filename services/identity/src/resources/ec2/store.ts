import type { Pool } from 'pg'
import { EC2 } from '../credential/blob.ts'

export type KeyPairStore = ReturnType<typeof keyPairStore>

export interface KeyPairRow {
  id: string
  user_id: string
  project_id: string
  blob_sealed: Buffer
  /** another one after every change */
  version: string
}

export const keyPairStore = (pool: Pool) => ({
  async find(id: string): Promise<KeyPairRow | null> {
    const { rows } = await pool.query<KeyPairRow>({
      name: 'key-pair',
      text: `select id, user_id, project_id, blob_sealed, xmin::text as version
             from credentials where id = $1 and type = '${EC2}'`,
      values: [id],
    })
    return rows[0] ?? null
  },
})
