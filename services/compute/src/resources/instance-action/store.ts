import { keyset } from '@caelum/db'
import type { Prisma, PrismaClient } from '../../generated/client.ts'

export interface InstanceAction {
  id: string
  server_id: string
  action: string
  request_id: string
  /** null: nobody asked */
  user_id: string | null
  project_id: string
  message: string | null
  started_at: Date
  updated_at: Date
}

export interface ActionFilter {
  since?: Date | undefined
  before?: Date | undefined
}

export type InstanceActionStore = ReturnType<typeof instanceActionStore>

/** Reads what the server's store wrote down; the entries outlive their server. */
export const instanceActionStore = (db: PrismaClient) => ({
  get: (serverId: string, requestId: string): Promise<InstanceAction | null> =>
    db.serverAction.findUnique({
      where: { server_id_request_id: { server_id: serverId, request_id: requestId } },
    }),

  /** newest first */
  list: (
    serverId: string,
    filter: ActionFilter,
    page: { limit: number; after: InstanceAction | null },
  ): Promise<InstanceAction[]> => {
    const { where, orderBy } = keyset(
      [{ key: 'started_at', direction: 'desc' }],
      page.after ? { ...page.after } : null,
    )
    return db.serverAction.findMany({
      where: {
        server_id: serverId,
        updated_at: {
          ...(filter.since ? { gte: filter.since } : {}),
          ...(filter.before ? { lte: filter.before } : {}),
        },
        AND: where as Prisma.ServerActionWhereInput,
      },
      orderBy,
      take: page.limit,
    })
  },

  /** whose a server was, by what was asked of it */
  async projectOf(serverId: string): Promise<string | undefined> {
    const row = await db.serverAction.findFirst({
      where: { server_id: serverId },
      orderBy: { started_at: 'asc' },
      select: { project_id: true },
    })
    return row?.project_id
  },
})
