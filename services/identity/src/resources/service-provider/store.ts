import { isUniqueViolation } from '@caelum/db'
import { pageOf } from '../../collection.ts'
import type { Prisma, PrismaClient, ServiceProvider } from '../../generated/client.ts'
import type { ListServiceProviders } from './schema.ts'

export type { ServiceProvider }
export type ServiceProviderStore = ReturnType<typeof serviceProviderStore>

export const serviceProviderStore = (db: PrismaClient) => ({
  async insert(row: Prisma.ServiceProviderUncheckedCreateInput): Promise<ServiceProvider | 'id-taken'> {
    try {
      return await db.serviceProvider.create({ data: row })
    } catch (error) {
      if (isUniqueViolation(error)) return 'id-taken'
      throw error
    }
  },

  get: (id: string): Promise<ServiceProvider | null> => db.serviceProvider.findUnique({ where: { id } }),

  list(query: ListServiceProviders): Promise<ServiceProvider[]> {
    const { page, ...order } = pageOf(query)
    const conditions: Prisma.ServiceProviderWhereInput[] = [page]
    if (query.id !== undefined) conditions.push({ id: query.id })
    if (query.enabled !== undefined) conditions.push({ enabled: query.enabled })
    return db.serviceProvider.findMany({ where: { AND: conditions }, ...order })
  },

  async update(
    id: string,
    data: Prisma.ServiceProviderUncheckedUpdateInput,
  ): Promise<ServiceProvider | 'not-found'> {
    const [row] = await db.serviceProvider.updateManyAndReturn({ where: { id }, data })
    return row ?? 'not-found'
  },

  async remove(id: string): Promise<boolean> {
    const { count } = await db.serviceProvider.deleteMany({ where: { id } })
    return count > 0
  },
})
