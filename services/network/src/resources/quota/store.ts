import type { Tx } from '../../collection/store.ts'
import { errors } from '../../errors.ts'
import { Prisma, type PrismaClient } from '../../generated/client.ts'
import { METADATA_OWNER } from '../../ovn/topology.ts'
import { DEFAULT_LIMITS, type QuotaResource, quotaResources } from './limits.ts'

export type QuotaStore = ReturnType<typeof quotaStore>
export type Limits = Record<QuotaResource, number>

/** Rows that count; the metadata ports that we make ourselves do not. */
const COUNTED: Record<QuotaResource, Prisma.Sql> = {
  network: Prisma.sql`networks where true`,
  subnet: Prisma.sql`subnets where true`,
  port: Prisma.sql`ports where device_owner <> ${METADATA_OWNER}`,
  security_group: Prisma.sql`security_groups where true`,
  security_group_rule: Prisma.sql`security_group_rules where true`,
}

/**
 * Makes sure that `more` new rows fit into the project's quota. There is no counter to drift: rows are counted under a
 * lock that the transaction keeps until its end, so of two that race the second counts the first one's rows.
 *
 * @throws Problem 409 OverQuota
 */
export const claimQuota = async (
  tx: Tx,
  projectId: string,
  resource: QuotaResource,
  more: number,
): Promise<void> => {
  await tx.$executeRaw`select pg_advisory_xact_lock(hashtextextended(${`${resource}/${projectId}`}, 0))`
  const [row] = await tx.$queryRaw<{ used: number; limit: number | null }[]>`
    select (select count(*)::int from ${COUNTED[resource]} and project_id = ${projectId}) as used,
           (select "limit" from quotas where project_id = ${projectId} and resource = ${resource}) as limit`
  const limit = row!.limit ?? DEFAULT_LIMITS[resource]
  if (limit >= 0 && row!.used + more > limit) throw errors.overQuota(resource)
}

export const quotaStore = (db: PrismaClient) => ({
  async limits(projectId: string): Promise<Limits> {
    const rows = await db.quota.findMany({ where: { project_id: projectId } })
    return { ...DEFAULT_LIMITS, ...Object.fromEntries(rows.map(row => [row.resource, row.limit])) }
  },

  async used(projectId: string): Promise<Limits> {
    const count = async (resource: QuotaResource): Promise<[QuotaResource, number]> => {
      const [row] = await db.$queryRaw<{ used: number }[]>`
        select count(*)::int as used from ${COUNTED[resource]} and project_id = ${projectId}`
      return [resource, row!.used]
    }
    return Object.fromEntries(await Promise.all(quotaResources.map(count))) as Limits
  },

  /** Projects with limits of their own. */
  async projects(): Promise<string[]> {
    const rows = await db.quota.findMany({ distinct: ['project_id'], orderBy: { project_id: 'asc' } })
    return rows.map(row => row.project_id)
  },

  async set(projectId: string, limits: Partial<Limits>): Promise<void> {
    await db.$transaction(
      Object.entries(limits).map(([resource, limit]) => {
        const key = { project_id: projectId, resource }
        return db.quota.upsert({
          where: { project_id_resource: key },
          create: { ...key, limit },
          update: { limit },
        })
      }),
    )
  },

  async reset(projectId: string): Promise<void> {
    await db.quota.deleteMany({ where: { project_id: projectId } })
  },
})
