/**
 * Aggregates, and the zone of each host that follows from them. A host is in the zone that one of its aggregates
 * names; `hosts.zone` repeats that where the scheduler reads it, and is settled in the same transaction as every
 * change here. Changes take turns with each other and with placements, so no vm is being claimed on a host whose zone
 * just changes: a vm never moves from zone to zone.
 */
import { isUniqueViolation } from '@caelum/db'
import type { Prisma, PrismaClient } from '../../generated/client.ts'
import { lockPlacement } from '../../scheduler/store.ts'
import { DEFAULT_ZONE } from '../host/state.ts'

export interface Aggregate {
  id: number
  uuid: string
  name: string
  availability_zone: string | null
  /** without the zone */
  metadata: Record<string, string>
  /** names */
  hosts: string[]
  created_at: Date
  updated_at: Date | null
}

type Tx = Prisma.TransactionClient
export type AggregateStore = ReturnType<typeof aggregateStore>

export const aggregateStore = (db: PrismaClient) => ({
  list: async (): Promise<Aggregate[]> =>
    (await db.aggregate.findMany({ orderBy: { id: 'asc' } })) as Aggregate[],

  get: async (id: number): Promise<Aggregate | null> =>
    (await db.aggregate.findUnique({ where: { id } })) as Aggregate | null,

  async insert(row: Omit<Aggregate, 'id'>): Promise<Aggregate | 'name-taken'> {
    try {
      return (await db.aggregate.create({ data: row })) as Aggregate
    } catch (error) {
      if (isUniqueViolation(error)) return 'name-taken'
      throw error
    }
  },

  async remove(id: number): Promise<boolean> {
    const { count } = await db.aggregate.deleteMany({ where: { id, hosts: { isEmpty: true } } })
    return count > 0
  },

  /**
   * Changes one aggregate and settles the zones of hosts; what `change` throws undoes all of it.
   *
   * @returns the aggregate afterwards, or why the zones do not allow it
   */
  async change(
    id: number,
    change: (row: Aggregate, hostExists: (name: string) => Promise<boolean>) => Promise<Partial<Aggregate>>,
    at: Date,
  ): Promise<Aggregate | 'not-found' | 'name-taken' | ZoneConflict> {
    try {
      return await db.$transaction(async tx => {
        await tx.$executeRaw`select pg_advisory_xact_lock(hashtext('aggregates'))`
        await lockPlacement(tx)
        const row = (await tx.aggregate.findUnique({ where: { id } })) as Aggregate | null
        if (!row) return 'not-found'
        const hostExists = async (name: string) => (await tx.host.count({ where: { name } })) > 0
        const data = { ...(await change(row, hostExists)), updated_at: at }
        const changed = (await tx.aggregate.update({ where: { id }, data })) as Aggregate
        await settleZones(tx)
        return changed
      })
    } catch (error) {
      if (error instanceof ZoneConflict) return error
      if (isUniqueViolation(error)) return 'name-taken'
      throw error
    }
  },
})

/** Ends the transaction of a change that the zones do not allow. */
export class ZoneConflict extends Error {}

async function settleZones(tx: Tx): Promise<void> {
  const torn = await tx.$queryRaw<{ zones: string[] }[]>`
    select array_agg(distinct a.availability_zone) as zones
    from hosts h join aggregates a on h.name = any(a.hosts) and a.availability_zone is not null
    group by h.name having count(distinct a.availability_zone) > 1`
  if (torn[0])
    throw new ZoneConflict(
      `One or more hosts already in availability zone(s) [${torn[0].zones.map(zone => `'${zone}'`).join(', ')}]`,
    )
  const moved = await tx.$queryRaw<{ busy: boolean }[]>`
    update hosts h set zone = w.zone
    from (select o.id, coalesce((select min(a.availability_zone) from aggregates a where o.name = any(a.hosts)),
            ${DEFAULT_ZONE}) as zone from hosts o) w
    where h.id = w.id and h.zone <> w.zone
    returning exists (select from vms v where v.host_id = h.id) as busy`
  if (moved.some(host => host.busy))
    throw new ZoneConflict('One or more hosts contain instances in this zone')
}

/** Part of forgetting a host. */
export async function leaveAggregates(tx: Tx, host: string): Promise<void> {
  await tx.$executeRaw`
    update aggregates set hosts = array_remove(hosts, ${host}::text) where ${host}::text = any(hosts)`
}
