import { allColumns } from '@caelum/db'
import { type Prisma, type PrismaClient, Prisma as sql } from '../../generated/client.ts'
import type { GroupPolicy } from './schema.ts'

export interface ServerGroup {
  id: string
  project_id: string
  user_id: string
  name: string
  policy: GroupPolicy
  /** null: one */
  max_per_host: number | null
  created_at: Date
}

export interface GroupWithMembers extends ServerGroup {
  /** servers that are not being deleted, oldest first */
  members: string[]
}

type Tx = Prisma.TransactionClient
export type ServerGroupStore = ReturnType<typeof serverGroupStore>

const ALL = sql.raw(allColumns(sql.ServerGroupScalarFieldEnum, 'g'))

export const serverGroupStore = (db: PrismaClient) => {
  const select = async (where: Prisma.Sql, rest = sql.empty): Promise<GroupWithMembers[]> =>
    db.$queryRaw<GroupWithMembers[]>`
      select ${ALL}, array(select s.id::text from servers s where s.group_id = g.id and not s.want_deleted
        order by s.created_at, s.id) as members
      from server_groups g where ${where} order by g.created_at, g.id ${rest}`

  return {
    transaction: <T>(work: (tx: Tx) => Promise<T>): Promise<T> => db.$transaction(work),

    async insert(tx: Tx, row: ServerGroup): Promise<void> {
      await tx.serverGroup.create({ data: row })
    },

    async get(id: string): Promise<GroupWithMembers | null> {
      const [row] = await select(sql.sql`g.id = ${id}::uuid`)
      return row ?? null
    },

    list: (projectId: string | null, page: { limit: number; offset: number }): Promise<GroupWithMembers[]> =>
      select(
        projectId === null ? sql.sql`true` : sql.sql`g.project_id = ${projectId}`,
        sql.sql`limit ${page.limit} offset ${page.offset}`,
      ),

    async remove(id: string): Promise<boolean> {
      const { count } = await db.serverGroup.deleteMany({ where: { id } })
      return count > 0
    },

    /** Keeps the group from being deleted until the transaction ends. */
    async hold(tx: Tx, id: string): Promise<ServerGroup | null> {
      const [row] = await tx.$queryRaw<ServerGroup[]>`
        select ${ALL} from server_groups g where g.id = ${id}::uuid for key share`
      return row ?? null
    },

    countMembers: (tx: Tx, id: string): Promise<number> =>
      tx.server.count({ where: { group_id: id, want_deleted: false } }),
  }
}

/** How many other members of a server's group each host holds, and what the group wants. */
export async function groupLoad(
  tx: Tx,
  server: { id: string; group_id: string },
): Promise<{ policy: GroupPolicy; maxPerHost: number; onHost: Map<string, number> } | null> {
  const group = await tx.serverGroup.findUnique({ where: { id: server.group_id } })
  if (!group) return null
  const rows = await tx.$queryRaw<{ host_id: string; members: number }[]>`
    select v.host_id, count(*)::int as members from vms v join servers s on s.id = v.server_id
    where s.group_id = ${server.group_id}::uuid and s.id <> ${server.id}::uuid and not s.want_deleted
    group by v.host_id`
  return {
    policy: group.policy as GroupPolicy,
    maxPerHost: group.max_per_host ?? 1,
    onHost: new Map(rows.map(row => [row.host_id, row.members])),
  }
}
