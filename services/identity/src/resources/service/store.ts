import { pageOf, whereName } from '../../collection.ts'
import type { Prisma, PrismaClient, Service } from '../../generated/client.ts'
import type { ListServices } from './schema.ts'

export type { Service }
export type ServiceStore = ReturnType<typeof serviceStore>
export type ServiceChange = Pick<
  Prisma.ServiceUncheckedUpdateInput,
  'name' | 'type' | 'description' | 'enabled' | 'extra'
>

export const serviceStore = (db: PrismaClient) => ({
  insert: (row: Prisma.ServiceUncheckedCreateInput): Promise<Service> => db.service.create({ data: row }),

  get: (id: string): Promise<Service | null> => db.service.findUnique({ where: { id } }),

  list(query: ListServices): Promise<Service[]> {
    const { page, ...order } = pageOf(query)
    const conditions: Prisma.ServiceWhereInput[] = [...whereName(query).AND, page]
    if (query.type !== undefined) conditions.push({ type: query.type })
    return db.service.findMany({ where: { AND: conditions }, ...order })
  },

  /** @param decide the change, from the row as it is under lock */
  update: (id: string, decide: (row: Service) => ServiceChange): Promise<Service | 'not-found'> =>
    db.$transaction(async tx => {
      await tx.$queryRaw`select 1 from services where id = ${id} for update`
      const row = await tx.service.findUnique({ where: { id } })
      return row ? tx.service.update({ where: { id }, data: decide(row) }) : 'not-found'
    }),

  /** with its endpoints */
  async remove(id: string): Promise<boolean> {
    const { count } = await db.service.deleteMany({ where: { id } })
    return count > 0
  },
})
