import { allColumns } from '@caelum/db'
import { newId } from '@caelum/kernel'
import { Prisma, type PrismaClient } from '../../generated/client.ts'
import type { Metadata } from '../../metadata.ts'

export interface Container {
  id: string
  project_id: string
  name: string
  metadata: Metadata
  read_acl: string
  write_acl: string
  object_count: bigint
  bytes_used: bigint
  /** the account's quota, when an administrator has set one */
  account_limit_bytes: bigint | null
  created_at: Date
  updated_at: Date
}

export type ContainerWords = Pick<Container, 'metadata' | 'read_acl' | 'write_acl'>
export type ContainerStore = ReturnType<typeof containerStore>

const ALL = Prisma.raw(allColumns(Prisma.ContainerScalarFieldEnum, 'c'))

export const containerStore = (db: PrismaClient) => ({
  async get(projectId: string, name: string): Promise<Container | null> {
    const [row] = await db.$queryRaw<Container[]>`
      select ${ALL}, (a.metadata ->> 'quota-bytes')::bigint as account_limit_bytes
      from containers c join accounts a using (project_id)
      where c.project_id = ${projectId} and c.name = ${name}`
    return row ?? null
  },

  /**
   * Makes the container, and its account, when it is not there and `create` is set, then changes it; `change` sees
   * the newest row, with nobody changing it meanwhile. A change that throws makes nothing.
   */
  change: (
    projectId: string,
    name: string,
    options: { now: Date; create: boolean },
    change: (words: ContainerWords) => ContainerWords,
  ): Promise<'created' | 'changed' | 'not-found'> =>
    db.$transaction(async tx => {
      const { now, create } = options
      const created = create
        ? await tx.$executeRaw`
            with account as (
              insert into accounts(project_id, created_at) values (${projectId}, ${now}) on conflict do nothing)
            insert into containers(id, project_id, name, created_at, updated_at)
            values (${newId()}::uuid, ${projectId}, ${name}, ${now}, ${now}) on conflict do nothing`
        : 0
      const [row] = await tx.$queryRaw<(ContainerWords & { id: string })[]>`
        select id, metadata, read_acl, write_acl from containers
        where project_id = ${projectId} and name = ${name} for no key update`
      if (!row) return 'not-found'
      const { metadata, read_acl, write_acl } = change(row)
      await tx.$executeRaw`
        update containers set metadata = ${JSON.stringify(metadata)}::jsonb, read_acl = ${read_acl},
          write_acl = ${write_acl}, updated_at = ${now}
        where id = ${row.id}::uuid`
      return created > 0 ? 'created' : 'changed'
    }),

  /** The foreign key of objects makes sure that a container with one in it stays, whoever puts it there meanwhile. */
  async remove(id: string): Promise<'removed' | 'not-empty'> {
    const { count } = await db.container.deleteMany({ where: { id, object_count: 0 } })
    return count > 0 || (await db.container.count({ where: { id } })) === 0 ? 'removed' : 'not-empty'
  },
})
