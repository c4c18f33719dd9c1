import { isForeignKeyViolation } from '@caelum/db'
import { pageOf } from '../../collection.ts'
import type { AccessRule, Prisma, PrismaClient } from '../../generated/client.ts'
import type { ListAccessRules } from './schema.ts'

export type { AccessRule }
export type AccessRuleStore = ReturnType<typeof accessRuleStore>

export const accessRuleStore = (db: PrismaClient) => ({
  list(userId: string, query: ListAccessRules): Promise<AccessRule[]> {
    const { page, ...order } = pageOf(query)
    const conditions: Prisma.AccessRuleWhereInput[] = [page, { user_id: userId }]
    for (const field of ['service', 'method', 'path'] as const)
      if (query[field] !== undefined) conditions.push({ [field]: query[field] })
    return db.accessRule.findMany({ where: { AND: conditions }, ...order })
  },

  get: (userId: string, id: string): Promise<AccessRule | null> =>
    db.accessRule.findUnique({ where: { id, user_id: userId } }),

  async remove(userId: string, id: string): Promise<'removed' | 'not-found' | 'in-use'> {
    try {
      const { count } = await db.accessRule.deleteMany({ where: { id, user_id: userId } })
      return count > 0 ? 'removed' : 'not-found'
    } catch (error) {
      if (isForeignKeyViolation(error)) return 'in-use'
      throw error
    }
  },
})
