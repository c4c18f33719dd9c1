import { isUniqueViolation, keyset, type SortKey } from '@caelum/db'
import type { Prisma, PrismaClient } from '../../generated/client.ts'

export interface Flavor {
  id: string
  name: string
  vcpus: number
  ram_mb: number
  disk_gb: number
  ephemeral_gb: number
  swap_mb: number
  rxtx_factor: number
  is_public: boolean
  is_disabled: boolean
  description: string | null
  extra_specs: Record<string, string>
  /** projects that may use it although it is not public */
  access: string[]
  created_at: Date
}

export interface FlavorFilter {
  /** undefined: both */
  isPublic?: boolean | undefined
  /** a project whose access lets a flavor count as public */
  accessOf?: string | undefined
  enabledOnly?: boolean
  minRamMb?: number | undefined
  minDiskGb?: number | undefined
}

export type FlavorStore = ReturnType<typeof flavorStore>

export const flavorStore = (db: PrismaClient) => ({
  async insert(row: Flavor): Promise<'inserted' | 'name-taken' | 'id-taken'> {
    try {
      await db.flavor.create({ data: row })
      return 'inserted'
    } catch (error) {
      if (!isUniqueViolation(error)) throw error
      return (await db.flavor.findUnique({ where: { id: row.id }, select: { id: true } }))
        ? 'id-taken'
        : 'name-taken'
    }
  },

  get: async (id: string): Promise<Flavor | null> =>
    (await db.flavor.findUnique({ where: { id } })) as Flavor | null,

  async list(
    filter: FlavorFilter,
    page: { sort: SortKey; limit: number; after: Flavor | null },
  ): Promise<Flavor[]> {
    const { where, orderBy } = keyset([page.sort], page.after ? { ...page.after } : null)
    const rows = await db.flavor.findMany({
      where: { AND: [conditionsOf(filter), where as Prisma.FlavorWhereInput] },
      orderBy,
      take: page.limit,
    })
    return rows as Flavor[]
  },

  async describe(id: string, description: string | null): Promise<Flavor | null> {
    const [row] = await db.flavor.updateManyAndReturn({ where: { id }, data: { description } })
    return (row as Flavor | undefined) ?? null
  },

  async remove(id: string): Promise<boolean> {
    const { count } = await db.flavor.deleteMany({ where: { id } })
    return count > 0
  },

  /** one statement, so that two at once do not lose each other's keys */
  async mergeExtraSpecs(id: string, specs: Record<string, string>): Promise<boolean> {
    const count = await db.$executeRaw`
      update flavors set extra_specs = extra_specs || ${JSON.stringify(specs)}::jsonb where id = ${id}`
    return count > 0
  },

  async removeExtraSpec(id: string, key: string): Promise<boolean> {
    const count = await db.$executeRaw`
      update flavors set extra_specs = extra_specs - ${key}::text
      where id = ${id} and jsonb_exists(extra_specs, ${key}::text)`
    return count > 0
  },

  /** @returns who has access now; null when the project had it already */
  async addAccess(id: string, projectId: string): Promise<string[] | null> {
    const [row] = await db.$queryRaw<{ access: string[] }[]>`
      update flavors set access = array_append(access, ${projectId}::text)
      where id = ${id} and not ${projectId}::text = any(access) returning access`
    return row?.access ?? null
  },

  /** @returns who has access now; null when the project had none */
  async removeAccess(id: string, projectId: string): Promise<string[] | null> {
    const [row] = await db.$queryRaw<{ access: string[] }[]>`
      update flavors set access = array_remove(access, ${projectId}::text)
      where id = ${id} and ${projectId}::text = any(access) returning access`
    return row?.access ?? null
  },
})

function conditionsOf(filter: FlavorFilter): Prisma.FlavorWhereInput {
  const accessible = filter.accessOf === undefined ? [] : [{ access: { has: filter.accessOf } }]
  return {
    ...(filter.isPublic === true ? { OR: [{ is_public: true }, ...accessible] } : {}),
    ...(filter.isPublic === false ? { is_public: false } : {}),
    ...(filter.enabledOnly ? { is_disabled: false } : {}),
    ...(filter.minRamMb === undefined ? {} : { ram_mb: { gte: filter.minRamMb } }),
    ...(filter.minDiskGb === undefined ? {} : { disk_gb: { gte: filter.minDiskGb } }),
  }
}
