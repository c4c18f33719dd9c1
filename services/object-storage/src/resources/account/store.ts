import { Prisma, type PrismaClient } from '../../generated/client.ts'
import type { Bounds } from '../../listing/roll-up.ts'
import { within } from '../../listing/store.ts'
import type { Metadata } from '../../metadata.ts'

export interface Account {
  project_id: string
  metadata: Metadata
  /** null: never written to, and so empty */
  created_at: Date | null
  containers: number
  objects: number
  bytes: number
}

export interface ListedContainer {
  name: string
  object_count: bigint
  bytes_used: bigint
  updated_at: Date
}

export type AccountStore = ReturnType<typeof accountStore>

export const accountStore = (db: PrismaClient) => ({
  async get(projectId: string): Promise<Account> {
    const [row] = await db.$queryRaw<Account[]>`
      select ${projectId} as project_id,
        coalesce((select metadata from accounts where project_id = ${projectId}), '{}') as metadata,
        (select created_at from accounts where project_id = ${projectId}) as created_at,
        count(*)::float8 as containers,
        coalesce(sum(object_count), 0)::float8 as objects,
        coalesce(sum(bytes_used), 0)::float8 as bytes
      from containers where project_id = ${projectId}`
    return (
      row ?? { project_id: projectId, metadata: {}, created_at: null, containers: 0, objects: 0, bytes: 0 }
    )
  },

  /** Makes the account if it is not there. `change` sees the newest metadata, with nobody changing it meanwhile. */
  change: (projectId: string, now: Date, change: (metadata: Metadata) => Metadata): Promise<void> =>
    db.$transaction(async tx => {
      await tx.$executeRaw`
        insert into accounts(project_id, created_at) values (${projectId}, ${now}) on conflict do nothing`
      const [row] = await tx.$queryRaw<{ metadata: Metadata }[]>`
        select metadata from accounts where project_id = ${projectId} for update`
      const metadata = JSON.stringify(change(row?.metadata ?? {}))
      await tx.$executeRaw`
        update accounts set metadata = ${metadata}::jsonb where project_id = ${projectId}`
    }),

  containers: (projectId: string, bounds: Bounds, reverse: boolean, limit: number) =>
    db.$queryRaw<ListedContainer[]>`
      select name, object_count, bytes_used, updated_at from containers
      where project_id = ${projectId} ${within(bounds)}
      order by name ${reverse ? Prisma.sql`desc` : Prisma.empty} limit ${limit}`,
})
