import { isForeignKeyViolation, isUniqueViolation } from '@caelum/db'
import { pageOf } from '../../collection.ts'
import type { Prisma, PrismaClient, Region } from '../../generated/client.ts'
import type { ListRegions } from './schema.ts'

export type { Region }
export type RegionStore = ReturnType<typeof regionStore>
export type RegionChange = Pick<Prisma.RegionUncheckedUpdateInput, 'description' | 'parent_id' | 'extra'>

/** under which the tree changes, so that two moves cannot close a circle between them */
const TREE_LOCK = 7_270_005

export const regionStore = (db: PrismaClient) => ({
  async insert(row: Prisma.RegionUncheckedCreateInput): Promise<Region | 'id-taken' | 'no-parent'> {
    try {
      return await db.region.create({ data: row })
    } catch (error) {
      if (isUniqueViolation(error)) return 'id-taken'
      if (isForeignKeyViolation(error)) return 'no-parent'
      throw error
    }
  },

  async ensure(id: string, at: Date): Promise<void> {
    await db.region.createMany({ data: [{ id, created_at: at }], skipDuplicates: true })
  },

  get: (id: string): Promise<Region | null> => db.region.findUnique({ where: { id } }),

  list(query: ListRegions): Promise<Region[]> {
    const { page, ...order } = pageOf(query)
    const conditions: Prisma.RegionWhereInput[] = [page]
    if (query.parent_region_id !== undefined) conditions.push({ parent_id: query.parent_region_id })
    return db.region.findMany({ where: { AND: conditions }, ...order })
  },

  /** @param decide the change, from the row as it is under lock */
  async update(
    id: string,
    decide: (row: Region) => RegionChange,
  ): Promise<Region | 'not-found' | 'no-parent' | 'circle'> {
    try {
      return await db.$transaction(async tx => {
        await tx.$queryRaw`select pg_advisory_xact_lock(${TREE_LOCK}::bigint)::text`
        const row = await tx.region.findUnique({ where: { id } })
        if (!row) return 'not-found'
        const change = decide(row)
        const above = await tx.$queryRaw<{ id: string }[]>`
          with recursive up (id) as (
            select ${change.parent_id ?? null}::text
            union
            select r.parent_id from up join regions r on r.id = up.id
          )
          select id from up where id = ${id}`
        return above.length > 0 ? 'circle' : await tx.region.update({ where: { id }, data: change })
      })
    } catch (error) {
      if (isForeignKeyViolation(error)) return 'no-parent'
      throw error
    }
  },

  /** with the regions below it */
  async remove(id: string): Promise<'removed' | 'not-found' | 'in-use'> {
    try {
      const count = await db.$executeRaw`
        with recursive down (id) as (
          select id from regions where id = ${id}
          union
          select r.id from down join regions r on r.parent_id = down.id
        )
        delete from regions where id in (select id from down)`
      return count > 0 ? 'removed' : 'not-found'
    } catch (error) {
      if (isForeignKeyViolation(error)) return 'in-use'
      throw error
    }
  },
})
