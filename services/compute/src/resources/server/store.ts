import type { WantedNic } from '@caelum/agent-protocol'
import { Prisma, type PrismaClient } from '../../generated/client.ts'
import type { FlavorSnapshot } from '../flavor/service.ts'
import type { Fault, ServerFacts, VmFacts } from './state.ts'

export interface SeenPort {
  port_id: string
  network_id: string
  network_name: string
  mac: string
  fixed_ips: { address: string; version: 4 | 6; subnet_id: string }[]
  bound_host: string | null
  /** false: the user brought it; it is unbound, not removed */
  ours: boolean
  /** what the host needs to plug it */
  wiring: WantedNic
}

export interface ImageSnapshot {
  sha512: string
  size_bytes: number
  format: 'qcow2' | 'raw'
}

export interface WantedNetwork {
  port_id?: string
  network_id?: string
  fixed_ip?: string
  tag?: string
}

export interface ServerRow extends ServerFacts {
  id: string
  project_id: string
  user_id: string
  name: string
  description: string | null
  hostname: string
  availability_zone: string | null
  want_host: string | null
  image_id: string | null
  image: ImageSnapshot | null
  flavor: FlavorSnapshot
  key_name: string | null
  key: { name: string; type: string; data: string } | null
  user_data: string | null
  config_drive: boolean
  metadata: Record<string, string>
  tags: string[]
  hints: Record<string, unknown>
  group_id: string | null
  want_networks: WantedNetwork[]
  want_security_groups: { id: string; name: string }[]
  want_power: 'running' | 'stopped'
  want_reboots_soft: number
  want_reboots_hard: number
  locked: boolean
  locked_reason: string | null
  seen_ports: SeenPort[] | null
  tries: number
  next_try_at: Date | null
  last_error: string | null
  lease_until: Date | null
  reservation_id: string
  launch_index: number
  request_id: string
  created_at: Date
  updated_at: Date
  launched_at: Date | null
}

export interface VmRow extends VmFacts {
  id: string
  host_zone: string
  host_id: string
  seen_at: Date | null
}

/** A server as everybody reads it: the row, and its vm with the name of the host. */
export interface ServerWithVm {
  server: ServerRow
  vm: VmRow | null
}

export interface ServerFilter {
  projectId?: string
  id?: string
  name?: string
  userId?: string
  host?: string
  imageId?: string
  flavorId?: string
  keyName?: string
  ip?: string
  reservationId?: string
  changesSince?: Date
  changesBefore?: Date
  tags?: string[]
  tagsAny?: string[]
  notTags?: string[]
  notTagsAny?: string[]
  locked?: boolean
}

export type SortField = 'created_at' | 'updated_at' | 'name' | 'id' | 'launched_at'

export interface Page {
  limit: number
  sort: { field: SortField; direction: 'asc' | 'desc' }[]
  /** id of the last server of the page before */
  after?: string
}

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
  user_id: string
  project_id: string
  at: Date
}

/** Which rows the sweep looks at: those whose want is not seen true yet and that have not failed for good. */
export const UNFINISHED = 'want_deleted or (seen_generation < generation and fault is null)'

/** Flat columns: building and parsing a JSON object per row would cost half as much again as everything else. */
const COLUMNS = Prisma.sql`s.*, v.id as vm_id, v.host_id as vm_host_id, h.name as vm_host_name, h.zone as vm_host_zone,
  h.seen_at as vm_host_seen_at, (h.seen_facts->>'hypervisor_up')::boolean as vm_hypervisor_up,
  v.want_power as vm_want_power, v.want_reboots_soft as vm_want_reboots_soft,
  v.want_reboots_hard as vm_want_reboots_hard, v.generation as vm_generation,
  v.seen_generation as vm_seen_generation, v.seen_power as vm_seen_power,
  v.seen_reboots_soft as vm_seen_reboots_soft, v.seen_reboots_hard as vm_seen_reboots_hard,
  v.seen_step as vm_seen_step, v.seen_fault as vm_seen_fault, v.seen_at as vm_seen_at`
const FROM = Prisma.sql`servers s left join vms v on v.server_id = s.id left join hosts h on h.id = v.host_id`

type VmColumns = Omit<VmRow, 'host_up'> & {
  host_seen_at: Date | null
  hypervisor_up: boolean | null
}
type Joined = ServerRow & { [K in keyof VmColumns as `vm_${K}`]: VmColumns[K] } & { vm_id: string | null }

export type ServerStore = ReturnType<typeof serverStore>

export const serverStore = (db: PrismaClient, hostDownMs: number) => {
  const isUp = (row: Joined): boolean =>
    row.vm_hypervisor_up === true &&
    row.vm_host_seen_at !== null &&
    Date.now() - row.vm_host_seen_at.getTime() < hostDownMs
  const split = (row: Joined): ServerWithVm => ({
    server: row,
    vm: row.vm_id === null ? null : vmOf(row, isUp(row)),
  })
  const json = (value: unknown) => value as Prisma.InputJsonValue

  return {
    /** Several servers of one request, their actions, all in the caller's transaction. */
    async insert(
      tx: Prisma.TransactionClient,
      servers: readonly NewServer[],
      actions: readonly ActionEntry[],
    ) {
      await tx.server.createMany({
        data: servers.map(server => ({
          ...server,
          image: server.image ? json(server.image) : Prisma.DbNull,
          flavor: json(server.flavor),
          key: server.key ? json(server.key) : Prisma.DbNull,
          metadata: json(server.metadata),
          hints: json(server.hints),
          want_networks: json(server.want_networks),
          want_security_groups: json(server.want_security_groups),
          updated_at: server.created_at,
        })),
      })
      await logActions(tx, actions)
    },

    transaction: <T>(work: (tx: Prisma.TransactionClient) => Promise<T>): Promise<T> =>
      db.$transaction(work, { timeout: 20_000, maxWait: 10_000 }),

    async get(id: string): Promise<ServerWithVm | null> {
      const [row] = await db.$queryRaw<Joined[]>`select ${COLUMNS} from ${FROM} where s.id = ${id}::uuid`
      return row ? split(row) : null
    },

    async list(filter: ServerFilter, page: Page): Promise<ServerWithVm[]> {
      const marker = page.after
        ? (await db.$queryRaw<ServerRow[]>`select * from servers s where id = ${page.after}::uuid`)[0]
        : undefined
      const where = [...conditions(filter), ...(marker ? [afterMarker(page, marker)] : [])]
      const order = orderOf(page).map(({ field, direction }) =>
        Prisma.raw(`s."${field}" ${direction} nulls ${direction === 'asc' ? 'last' : 'first'}`),
      )
      const rows = await db.$queryRaw<Joined[]>`
        select ${COLUMNS} from ${FROM}
        ${where.length > 0 ? Prisma.sql`where ${Prisma.join(where, ' and ')}` : Prisma.empty}
        order by ${Prisma.join(order)} limit ${page.limit}`
      return rows.map(split)
    },

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
        await logActions(tx, [action])
        return 'changed'
      })
    },

    /**
     * The sweep's next round looks at these servers, however long they were to wait. Written together with the facts
     * that make it worth while, so that nothing depends on the bell that is rung afterwards.
     */
    async makeDue(tx: Prisma.TransactionClient, ids: readonly string[]): Promise<void> {
      if (ids.length > 0)
        await tx.$executeRaw`
          update servers set next_try_at = null where id = any(${ids as string[]}::uuid[]) and next_try_at is not null`
    },

    async setLocked(id: string, locked: boolean, reason: string | null): Promise<void> {
      await db.server.updateMany({ where: { id }, data: { locked, locked_reason: reason } })
    },

    async savePorts(id: string, ports: readonly SeenPort[]): Promise<void> {
      await db.server.updateMany({ where: { id }, data: { seen_ports: json(ports) } })
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

    async savePlacement(
      tx: Prisma.TransactionClient,
      entry: {
        id: string
        server_id: string
        generation: number
        host_id: string | null
        verdicts: unknown
        at: Date
      },
    ): Promise<void> {
      const { at, verdicts, ...columns } = entry
      await tx.placement.create({ data: { ...columns, verdicts: json(verdicts), created_at: at } })
    },
  }
}

const vmOf = (row: Joined, host_up: boolean): VmRow => ({
  id: row.vm_id,
  host_id: row.vm_host_id,
  host_name: row.vm_host_name,
  host_zone: row.vm_host_zone,
  host_up,
  want_power: row.vm_want_power,
  want_reboots_soft: row.vm_want_reboots_soft,
  want_reboots_hard: row.vm_want_reboots_hard,
  generation: row.vm_generation,
  seen_generation: row.vm_seen_generation,
  seen_power: row.vm_seen_power,
  seen_reboots_soft: row.vm_seen_reboots_soft,
  seen_reboots_hard: row.vm_seen_reboots_hard,
  seen_step: row.vm_seen_step,
  seen_fault: row.vm_seen_fault,
  seen_at: row.vm_seen_at,
})

async function logActions(tx: Prisma.TransactionClient, actions: readonly ActionEntry[]): Promise<void> {
  await tx.serverAction.createMany({
    data: actions.map(({ at, ...entry }) => ({ ...entry, started_at: at, updated_at: at })),
    skipDuplicates: true,
  })
}

function conditions(filter: ServerFilter): Prisma.Sql[] {
  const all: Prisma.Sql[] = []
  const { tags, tagsAny, notTags, notTagsAny } = filter
  if (filter.projectId) all.push(Prisma.sql`s.project_id = ${filter.projectId}`)
  if (filter.id) all.push(Prisma.sql`s.id::text = ${filter.id}`)
  if (filter.name) all.push(Prisma.sql`s.name ~* ${filter.name}`)
  if (filter.userId) all.push(Prisma.sql`s.user_id = ${filter.userId}`)
  if (filter.host) all.push(Prisma.sql`h.name = ${filter.host}`)
  if (filter.imageId) all.push(Prisma.sql`s.image_id::text = ${filter.imageId}`)
  if (filter.flavorId) all.push(Prisma.sql`s.flavor->>'id' = ${filter.flavorId}`)
  if (filter.keyName) all.push(Prisma.sql`s.key_name = ${filter.keyName}`)
  if (filter.reservationId) all.push(Prisma.sql`s.reservation_id = ${filter.reservationId}`)
  if (filter.locked !== undefined) all.push(Prisma.sql`s.locked = ${filter.locked}`)
  if (filter.changesSince) all.push(Prisma.sql`s.updated_at >= ${filter.changesSince}`)
  if (filter.changesBefore) all.push(Prisma.sql`s.updated_at <= ${filter.changesBefore}`)
  if (filter.ip)
    all.push(Prisma.sql`exists (select 1 from jsonb_path_query(s.seen_ports, '$[*].fixed_ips[*].address') a
      where a #>> '{}' ~* ${filter.ip})`)
  if (tags) all.push(Prisma.sql`s.tags @> ${tags}::text[]`)
  if (tagsAny) all.push(Prisma.sql`s.tags && ${tagsAny}::text[]`)
  if (notTags) all.push(Prisma.sql`not s.tags @> ${notTags}::text[]`)
  if (notTagsAny) all.push(Prisma.sql`not s.tags && ${notTagsAny}::text[]`)
  return all
}

const orderOf = ({ sort }: Page): Page['sort'] =>
  sort.some(({ field }) => field === 'id')
    ? sort
    : [...sort, { field: 'id', direction: sort.at(-1)?.direction ?? 'desc' }]

/** "Comes after the marker" spelled out key by key; a null sorts as PostgreSQL's largest value. */
function afterMarker(page: Page, marker: ServerRow): Prisma.Sql {
  const keys = orderOf(page)
  const alternatives = keys.map(({ field, direction }, index) => {
    const equal = keys.slice(0, index).map(key => compare(key.field, 'is not distinct from', marker))
    const beyond = direction === 'asc' ? compare(field, '>', marker) : compare(field, '<', marker)
    return Prisma.sql`(${Prisma.join([...equal, beyond], ' and ')})`
  })
  return Prisma.sql`(${Prisma.join(alternatives, ' or ')})`
}

function compare(field: SortField, operator: string, marker: ServerRow): Prisma.Sql {
  const cast = field === 'id' ? '::uuid' : field === 'name' ? '' : '::timestamptz'
  return Prisma.sql`${Prisma.raw(`s."${field}" ${operator}`)} ${marker[field]}${Prisma.raw(cast)}`
}
