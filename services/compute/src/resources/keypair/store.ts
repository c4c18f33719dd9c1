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
  /** Key pairs of one user are inserted in turn, so that there are never more than `most`; -1: no limit. */
  async insert(row: Keypair, most: number): Promise<'inserted' | 'name-taken' | 'full'> {
    try {
      return await db.$transaction(async tx => {
        await tx.$executeRaw`select pg_advisory_xact_lock(hashtext('keypairs'), hashtext(${row.user_id}))`
        const count = await tx.keypair.count({ where: { user_id: row.user_id } })
        if (most >= 0 && count >= most) return 'full'
        await tx.keypair.create({ data: row })
        return 'inserted'
      })
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

  async remove(userId: string, name: string): Promise<boolean> {
    const { count } = await db.keypair.deleteMany({ where: { user_id: userId, name } })
    return count > 0
  },
})
