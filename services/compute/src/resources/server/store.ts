import { Prisma, type PrismaClient } from '../../generated/client.ts'
import { listRows, type Page, type ServerFilter } from './list-store.ts'
import { type Joined, type Read, selectFrom } from './read-store.ts'
import type { SeenPort, ServerRow, ServerWithVm } from './row.ts'
import type { Fault } from './state.ts'

export type NewServer = Omit<
  ServerRow,
  | 'want_deleted'
  | 'want_reboots_soft'
  | 'want_reboots_hard'
  | 'generation'
  | 'seen_generation'
  | 'seen_ports'
  | 'fault'
  | 'tries'
  | 'next_try_at'
  | 'last_error'
  | 'lease_until'
  | 'locked'
  | 'locked_reason'
  | 'launched_at'
  | 'updated_at'
>

export interface ActionEntry {
  id: string
  server_id: string
  action: string
  request_id: string
  /** null: nobody asked */
  user_id: string | null
  project_id: string
  message?: string
  at: Date
}

/**
 * Which rows the sweep looks at: those whose want is not seen true yet, or no longer by the guest's own will, and that
 * have not failed for good.
 */
export const UNFINISHED = `want_deleted or (fault is null and (seen_generation < generation
  or id in (select server_id from vms
    where seen_guest_off and want_power = 'running' and seen_generation >= generation)))`

export type ServerStore = ReturnType<typeof serverStore>

export const serverStore = (db: PrismaClient, read: Read) => {
  const json = (value: unknown) => value as Prisma.InputJsonValue

  return {
    /** Several servers of one request and their actions, in the caller's transaction. */
    async insert(
      tx: Prisma.TransactionClient,
      servers: readonly NewServer[],
      actions: readonly ActionEntry[],
    ): Promise<void> {
      const rows = servers.map(server => ({ ...server, updated_at: server.created_at }))
      const columns = Prisma.raw(
        Object.keys(rows[0] ?? {})
          .map(column => `"${column}"`)
          .join(', '),
      )
      await tx.$executeRaw`
        with made as (
          insert into servers (${columns})
          select ${columns} from jsonb_populate_recordset(null::servers, ${JSON.stringify(rows)}::jsonb))
        ${insertActions(actions)}`
    },

    transaction: <T>(work: (tx: Prisma.TransactionClient) => Promise<T>): Promise<T> =>
      db.$transaction(work, { timeout: 20_000, maxWait: 10_000 }),

    async get(id: string): Promise<ServerWithVm | null> {
      const [row] = await db.$queryRaw<Joined[]>`
        ${Prisma.raw(selectFrom('servers'))} where s.id = ${id}::uuid`
      return row ? read(row) : null
    },

    list: async (filter: ServerFilter, page: Page): Promise<ServerWithVm[]> =>
      (await listRows(db, filter, page)).map(read),

    /**
     * Changes want by compare-and-set on the generation the caller looked at: `generation` + 1, the fault cleared,
     * a new look due at once, and the action written down, in one commit.
     */
    async change(
      current: Pick<ServerRow, 'id' | 'generation'>,
      want: Partial<
        Pick<
          ServerRow,
          | 'name'
          | 'description'
          | 'hostname'
          | 'metadata'
          | 'want_power'
          | 'want_deleted'
          | 'want_reboots_soft'
          | 'want_reboots_hard'
        >
      >,
      action: ActionEntry,
    ): Promise<'changed' | 'lost-race'> {
      const { metadata, ...columns } = want
      return db.$transaction(async tx => {
        const { count } = await tx.server.updateMany({
          where: { id: current.id, generation: current.generation },
          data: {
            ...columns,
            ...(metadata ? { metadata: json(metadata) } : {}),
            generation: { increment: 1 },
            fault: Prisma.DbNull,
            tries: 0,
            next_try_at: null,
            updated_at: action.at,
            request_id: action.request_id,
          },
        })
        if (count === 0) return 'lost-race'
        await tx.$executeRaw(insertActions([action]))
        return 'changed'
      })
    },

    async setLocked(id: string, locked: boolean, reason: string | null): Promise<void> {
      await db.server.updateMany({ where: { id }, data: { locked, locked_reason: reason } })
    },

    /** @returns the server as it is now; null when it is gone */
    async savePorts(id: string, ports: readonly SeenPort[]): Promise<ServerWithVm | null> {
      const [row] = await db.$queryRaw<Joined[]>`
        with saved as (
          update servers set seen_ports = ${JSON.stringify(ports)}::jsonb where id = ${id}::uuid returning *)
        ${Prisma.raw(selectFrom('saved'))}`
      return row ? read(row) : null
    },

    async saveSeen(id: string, generation: number, at: Date): Promise<void> {
      await db.$executeRaw`
        update servers set seen_generation = ${generation}, last_error = null, updated_at = ${at},
          launched_at = coalesce(launched_at, ${at})
        where id = ${id}::uuid and generation = ${generation} and seen_generation < ${generation}`
    },

    /** Only for the want it speaks of: a newer want has not failed yet. */
    async saveFault(id: string, generation: number, fault: Fault): Promise<void> {
      await db.server.updateMany({
        where: { id, generation, want_deleted: false },
        data: { fault: json(fault), updated_at: new Date(fault.at) },
      })
    },

    async forget(id: string): Promise<void> {
      await db.server.deleteMany({ where: { id, want_deleted: true } })
    },

    /** which of these ids belong to no server, not even one that is being deleted */
    async missing(ids: readonly string[]): Promise<string[]> {
      const rows = await db.$queryRaw<{ id: string }[]>`
        select id from unnest(${ids as string[]}::uuid[]) as asked(id)
        where not exists (select from servers s where s.id = asked.id)`
      return rows.map(row => row.id)
    },

    async actions(serverId: string) {
      return db.serverAction.findMany({
        where: { server_id: serverId },
        orderBy: { started_at: 'desc' },
        take: 1_000,
      })
    },

    async placements(serverId: string) {
      return db.placement.findMany({
        where: { server_id: serverId },
        orderBy: { created_at: 'desc' },
        take: 20,
      })
    },
  }
}

const insertActions = (actions: readonly ActionEntry[]): Prisma.Sql => {
  const rows = actions.map(({ at, ...entry }) => ({ ...entry, started_at: at, updated_at: at }))
  const columns = Prisma.sql`id, server_id, action, request_id, user_id, project_id, message, started_at, updated_at`
  return Prisma.sql`
    insert into server_actions (${columns})
    select ${columns} from jsonb_populate_recordset(null::server_actions, ${JSON.stringify(rows)}::jsonb)
    on conflict do nothing`
}
