import { isUniqueViolation } from '@caelum/db'
import type { PrismaClient } from '../../generated/client.ts'

export interface Keypair {
  id: string
  user_id: string
  name: string
  type: string
  public_key: string
  fingerprint: string
  created_at: Date
}

export type KeypairStore = ReturnType<typeof keypairStore>

export const keypairStore = (db: PrismaClient) => ({
  async insert(row: Keypair): Promise<'inserted' | 'name-taken'> {
    try {
      await db.keypair.create({ data: row })
      return 'inserted'
    } catch (error) {
      if (isUniqueViolation(error)) return 'name-taken'
      throw error
    }
  },

  get: (userId: string, name: string): Promise<Keypair | null> =>
    db.keypair.findUnique({ where: { user_id_name: { user_id: userId, name } } }),

  /** in the order of names, after the one called `marker` */
  list: (userId: string, page: { limit: number; marker?: string | undefined }): Promise<Keypair[]> =>
    db.keypair.findMany({
      where: { user_id: userId, ...(page.marker ? { name: { gt: page.marker } } : {}) },
      orderBy: { name: 'asc' },
      take: page.limit,
    }),

  count: (userId: string): Promise<number> => db.keypair.count({ where: { user_id: userId } }),

  async remove(userId: string, name: string): Promise<boolean> {
    const { count } = await db.keypair.deleteMany({ where: { user_id: userId, name } })
    return count > 0
  },
})
