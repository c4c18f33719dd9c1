import type { Prisma, PrismaClient } from '../../generated/client.ts'
import { type Limits, RESOURCES, type Resource, type Usage } from './quota.ts'

/** the client, or a transaction of it */
export type Tx = Prisma.TransactionClient

export type QuotaStore = ReturnType<typeof quotaStore>

/** Limits of a class are kept beside the projects', under a name that no project id can have. */
export const ownerOfClass = (name: string): string => `class:${name}`

export type QuotaTransaction = <T>(work: (tx: Tx) => Promise<T>) => Promise<T>

export const quotaTransaction =
  (db: PrismaClient): QuotaTransaction =>
  work =>
    db.$transaction(work)

export const quotaStore = (tx: Tx) => ({
  /** Others that count or claim for this project wait here until the transaction ends. */
  async lock(projectId: string): Promise<void> {
    await tx.$executeRaw`select pg_advisory_xact_lock(hashtext('quota'), hashtext(${projectId}))`
  },

  /** limits that differ from the built-in ones; those of a later owner win */
  async overrides(...owners: string[]): Promise<Partial<Limits>> {
    const rows = await tx.quota.findMany({ where: { project_id: { in: owners } } })
    return Object.fromEntries(
      rows
        .filter(row => RESOURCES.includes(row.resource as Resource))
        .sort((a, b) => owners.indexOf(a.project_id) - owners.indexOf(b.project_id))
        .map(row => [row.resource, row.limit]),
    )
  },

  async override(owner: string, limits: Partial<Limits>): Promise<void> {
    for (const [resource, limit] of Object.entries(limits))
      await tx.quota.upsert({
        where: { project_id_resource: { project_id: owner, resource } },
        create: { project_id: owner, resource, limit },
        update: { limit },
      })
  },

  async clear(owner: string): Promise<void> {
    await tx.quota.deleteMany({ where: { project_id: owner } })
  },

  /** A server counts from its row's first commit until the row is gone, by the flavor it was made with. */
  async usage(projectId: string): Promise<Usage> {
    const [sums] = await tx.$queryRaw<Usage[]>`
      select count(*)::int as instances,
             coalesce(sum((flavor->>'vcpus')::int), 0)::int as cores,
             coalesce(sum((flavor->>'ram_mb')::int), 0)::int as ram,
             (select count(*)::int from server_groups where project_id = ${projectId}) as server_groups
      from servers where project_id = ${projectId}`
    if (!sums) throw new Error('a count without a row')
    return sums
  },
})
