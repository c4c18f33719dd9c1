import { isForeignKeyViolation } from '@caelum/db'
import { pageOf } from '../../collection.ts'
import type { Endpoint, Prisma, PrismaClient } from '../../generated/client.ts'
import type { ListEndpoints } from './schema.ts'

export type { Endpoint }
export type EndpointStore = ReturnType<typeof endpointStore>
export type EndpointChange = Pick<
  Prisma.EndpointUncheckedUpdateInput,
  'service_id' | 'region_id' | 'interface' | 'url' | 'enabled' | 'extra'
>

export const endpointStore = (db: PrismaClient) => ({
  async insert(row: Prisma.EndpointUncheckedCreateInput): Promise<Endpoint | 'no-place'> {
    try {
      return await db.endpoint.create({ data: row })
    } catch (error) {
      if (isForeignKeyViolation(error)) return 'no-place'
      throw error
    }
  },

  get: (id: string): Promise<Endpoint | null> => db.endpoint.findUnique({ where: { id } }),

  list(query: ListEndpoints): Promise<Endpoint[]> {
    const { page, ...order } = pageOf(query)
    const conditions: Prisma.EndpointWhereInput[] = [page]
    const region = query.region_id ?? query.region
    if (query.service_id !== undefined) conditions.push({ service_id: query.service_id })
    if (region !== undefined) conditions.push({ region_id: region })
    if (query.interface !== undefined) conditions.push({ interface: query.interface })
    return db.endpoint.findMany({ where: { AND: conditions }, ...order })
  },

  /** @param decide the change, from the row as it is under lock */
  async update(
    id: string,
    decide: (row: Endpoint) => EndpointChange,
  ): Promise<Endpoint | 'not-found' | 'no-place'> {
    try {
      return await db.$transaction(async tx => {
        await tx.$queryRaw`select 1 from endpoints where id = ${id} for update`
        const row = await tx.endpoint.findUnique({ where: { id } })
        return row ? await tx.endpoint.update({ where: { id }, data: decide(row) }) : 'not-found'
      })
    } catch (error) {
      if (isForeignKeyViolation(error)) return 'no-place'
      throw error
    }
  },

  async remove(id: string): Promise<boolean> {
    const { count } = await db.endpoint.deleteMany({ where: { id } })
    return count > 0
  },
})
