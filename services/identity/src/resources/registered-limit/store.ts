import { isForeignKeyViolation, isUniqueViolation } from '@caelum/db'
import { pageOf } from '../../collection.ts'
import type { Prisma, PrismaClient, RegisteredLimit } from '../../generated/client.ts'
import type { ListRegisteredLimits } from './schema.ts'

export type { RegisteredLimit }
export type RegisteredLimitStore = ReturnType<typeof registeredLimitStore>
export type RegisteredLimitChange = Partial<
  Pick<RegisteredLimit, 'service_id' | 'region_id' | 'resource_name' | 'default_limit' | 'description'>
>

export const registeredLimitStore = (db: PrismaClient) => ({
  /** all of them, or none */
  async insert(
    rows: readonly Prisma.RegisteredLimitCreateManyInput[],
  ): Promise<RegisteredLimit[] | 'taken' | 'no-place'> {
    try {
      return await db.registeredLimit.createManyAndReturn({ data: [...rows] })
    } catch (error) {
      if (isUniqueViolation(error)) return 'taken'
      if (isForeignKeyViolation(error)) return 'no-place'
      throw error
    }
  },

  get: (id: string): Promise<RegisteredLimit | null> => db.registeredLimit.findUnique({ where: { id } }),

  list(query: ListRegisteredLimits): Promise<RegisteredLimit[]> {
    const { page, ...order } = pageOf(query)
    const conditions: Prisma.RegisteredLimitWhereInput[] = [page]
    if (query.service_id !== undefined) conditions.push({ service_id: query.service_id })
    if (query.region_id !== undefined) conditions.push({ region_id: query.region_id })
    if (query.resource_name !== undefined) conditions.push({ resource_name: query.resource_name })
    return db.registeredLimit.findMany({ where: { AND: conditions }, ...order })
  },

  /** Not while there are limits that lean on it: `resources/limit/store.ts` locks the row when it adds one. */
  async update(
    id: string,
    change: RegisteredLimitChange,
  ): Promise<RegisteredLimit | 'not-found' | 'in-use' | 'taken' | 'no-place'> {
    try {
      return await db.$transaction(async tx => {
        const state = await stateOf(tx, id)
        return state === 'free' ? tx.registeredLimit.update({ where: { id }, data: change }) : state
      })
    } catch (error) {
      if (isUniqueViolation(error)) return 'taken'
      if (isForeignKeyViolation(error)) return 'no-place'
      throw error
    }
  },

  remove: (id: string): Promise<'removed' | 'not-found' | 'in-use'> =>
    db.$transaction(async tx => {
      const state = await stateOf(tx, id)
      if (state !== 'free') return state
      await tx.registeredLimit.delete({ where: { id } })
      return 'removed'
    }),
})

/** with the row locked */
async function stateOf(tx: Prisma.TransactionClient, id: string): Promise<'free' | 'not-found' | 'in-use'> {
  const row = await tx.$queryRaw<unknown[]>`select 1 from registered_limits where id = ${id} for update`
  if (row.length === 0) return 'not-found'
  return (await tx.limit.findFirst({ where: { registered_limit_id: id } })) ? 'in-use' : 'free'
}
