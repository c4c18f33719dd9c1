import { allColumns } from '@caelum/db'
import { isUuid } from '@caelum/kernel'
import { inOrder, type ListQuery, planOf } from '../../collection/list-query.ts'
import { changeTags, inTransaction } from '../../collection/store.ts'
import { errors } from '../../errors.ts'
import { type Network, type Port, Prisma, type PrismaClient } from '../../generated/client.ts'
import { METADATA_OWNER } from '../../ovn/topology.ts'
import type { Kind } from '../../reconcile/ring.ts'
import { claimQuota } from '../quota/store.ts'

export type NetworkRow = Network & { subnets: { id: string }[] }
export type NetworkBrief = Pick<Network, 'id' | 'project_id' | 'shared' | 'port_security_enabled'>
export type NewNetwork = Omit<Network, 'generation' | 'seen_generation'>
export type NewPort = Omit<Port, 'generation' | 'seen_generation' | 'seen_up' | 'seen_host'>

const include = { subnets: { select: { id: true }, orderBy: { id: 'asc' } } } as const

type Removed = { kind: Kind; id: string }

export type NetworkStore = ReturnType<typeof networkStore>

const ALL = Prisma.raw(allColumns(Prisma.NetworkScalarFieldEnum, 'networks'))

export const networkStore = (db: PrismaClient) => ({
  async get(id: string): Promise<NetworkRow | null> {
    if (!isUuid(id)) return null
    const [row] = await db.$queryRaw<NetworkRow[]>`
      select ${ALL}, coalesce((select json_agg(json_build_object('id', id) order by id)
        from subnets where network_id = networks.id), '[]') as subnets
      from networks where id = ${id}::uuid`
    return row ?? null
  },

  /** What others ask of a network before they make something on it. */
  async brief(id: string): Promise<NetworkBrief | null> {
    if (!isUuid(id)) return null
    const [row] = await db.$queryRaw<NetworkBrief[]>`
      select id, project_id, shared, port_security_enabled from networks where id = ${id}::uuid`
    return row ?? null
  },

  async list(query: ListQuery, visible: object): Promise<NetworkRow[]> {
    const marker = query.marker === null ? null : await this.get(query.marker)
    if (query.marker !== null && !marker) throw errors.networkNotFound(query.marker)
    return inOrder(query, await db.network.findMany({ ...planOf(query, visible, marker), include }))
  },

  /** Each network comes with its metadata port, so that the port exists exactly as long as the network. */
  insert: (rows: NewNetwork[], metadataPorts: NewPort[]): Promise<void> =>
    inTransaction(db, async tx => {
      for (const projectId of [...new Set(rows.map(row => row.project_id))].sort())
        await claimQuota(tx, projectId, 'network', rows.filter(row => row.project_id === projectId).length)
      await tx.network.createMany({ data: rows })
      await tx.port.createMany({ data: metadataPorts as never })
    }),

  /** A network that others use stays shared: 'shared-in-use'. */
  update: (id: string, change: Partial<NewNetwork>): Promise<NetworkRow | 'shared-in-use' | null> =>
    inTransaction(db, async tx => {
      const [now] = await tx.$queryRaw<{ project_id: string }[]>`
        select project_id from networks where id = ${id}::uuid for update`
      if (!now) return null
      const foreign = { where: { network_id: id, project_id: { not: now.project_id } } }
      if (change.shared === false && ((await tx.port.count(foreign)) || (await tx.subnet.count(foreign))))
        return 'shared-in-use'
      return tx.network.update({ where: { id }, data: { ...change, generation: { increment: 1 } }, include })
    }),

  changeTags: (id: string, next: (tags: string[]) => string[]) => changeTags(db, 'networks', id, next),

  /** Takes its subnets and metadata port along; a network with other ports stays, and their ids are returned. */
  remove: (id: string): Promise<{ removed: Removed[] } | { ports: string[] }> =>
    inTransaction(db, async tx => {
      await tx.$queryRaw`select id from networks where id = ${id}::uuid for update`
      const ports = await tx.port.findMany({
        where: { network_id: id },
        select: { id: true, device_owner: true },
      })
      const others = ports.filter(port => port.device_owner !== METADATA_OWNER)
      if (others.length) return { ports: others.map(port => port.id) }
      const subnets = await tx.subnet.findMany({ where: { network_id: id }, select: { id: true } })
      await tx.port.deleteMany({ where: { network_id: id } })
      await tx.subnet.deleteMany({ where: { network_id: id } })
      await tx.network.deleteMany({ where: { id } })
      const removed: Removed[] = [
        { kind: 'network', id },
        ...subnets.map(subnet => ({ kind: 'subnet' as const, id: subnet.id })),
        ...ports.map(port => ({ kind: 'port' as const, id: port.id })),
      ]
      const removed_at = new Date()
      await tx.removal.createMany({
        data: removed.map(one => ({ ...one, removed_at })),
        skipDuplicates: true,
      })
      return { removed }
    }),
})
