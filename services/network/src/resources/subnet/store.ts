import { isUuid } from '@caelum/kernel'
import { overlaps, parseCidr } from '../../address/ip.ts'
import { AddressChooser, lockSubnets, saveCursors } from '../../address/store.ts'
import { inOrder, type ListQuery, planOf } from '../../collection/list-query.ts'
import { changeTags, inTransaction, type Tx } from '../../collection/store.ts'
import { errors } from '../../errors.ts'
import type { PrismaClient, Subnet } from '../../generated/client.ts'
import { METADATA_OWNER } from '../../ovn/topology.ts'
import { claimQuota } from '../quota/store.ts'
import type { SubnetPlan } from './plan.ts'

export type SubnetRow = Omit<Subnet, keyof SubnetPlan> & SubnetPlan & { network: { shared: boolean } }
export type NewSubnet = Omit<SubnetRow, 'generation' | 'seen_generation' | 'allocation_cursor' | 'network'>

const include = { network: { select: { shared: true } } } as const

/** JSON columns hold what only we write. */
const asRow = (row: object | null) => row as SubnetRow | null

export type SubnetStore = ReturnType<typeof subnetStore>

export const subnetStore = (db: PrismaClient) => ({
  get: async (id: string): Promise<SubnetRow | null> =>
    isUuid(id) ? asRow(await db.subnet.findUnique({ where: { id }, include })) : null,

  async list(query: ListQuery, visible: object): Promise<SubnetRow[]> {
    const marker = query.marker === null ? null : await this.get(query.marker)
    if (query.marker !== null && !marker) throw errors.subnetNotFound(query.marker)
    const rows = await db.subnet.findMany({ ...planOf(query, visible, marker), include })
    return inOrder(
      query,
      rows.map(row => asRow(row)!),
    )
  },

  /** One after the other under the network's lock, so that no two of a network overlap. */
  insert: (rows: NewSubnet[]): Promise<void> =>
    inTransaction(db, async tx => {
      for (const projectId of [...new Set(rows.map(row => row.project_id))].sort())
        await claimQuota(tx, projectId, 'subnet', rows.filter(row => row.project_id === projectId).length)
      for (const networkId of [...new Set(rows.map(row => row.network_id))].sort()) {
        await lockNetwork(tx, networkId)
        for (const row of rows.filter(one => one.network_id === networkId)) {
          await refuseOverlap(tx, row)
          await tx.subnet.create({ data: row as never })
        }
        await settleMetadata(tx, networkId)
      }
    }),

  /** `plan` says what follows from the row as it is now, which is locked. */
  update: (
    id: string,
    rest: { name?: string; description?: string; updated_at: Date },
    plan: (now: SubnetRow) => Partial<SubnetPlan>,
  ): Promise<SubnetRow | null> =>
    inTransaction(db, async tx => {
      const found = await tx.subnet.findUnique({ where: { id } })
      if (!found) return null
      await lockNetwork(tx, found.network_id)
      await lockSubnets(tx, found.network_id)
      const now = asRow(await tx.subnet.findUnique({ where: { id }, include }))
      if (!now) return null
      const data = { ...rest, ...plan(now), generation: { increment: 1 } }
      const row = await tx.subnet.update({ where: { id }, data: data as never, include })
      if (row.enable_dhcp !== now.enable_dhcp) await settleMetadata(tx, row.network_id)
      return asRow(row)
    }),

  changeTags: (id: string, next: (tags: string[]) => string[]) => changeTags(db, 'subnets', id, next),

  remove: (id: string): Promise<'gone' | 'in-use'> =>
    inTransaction(db, async tx => {
      const found = await tx.subnet.findUnique({ where: { id } })
      if (!found) return 'gone'
      await lockNetwork(tx, found.network_id)
      await lockSubnets(tx, found.network_id)
      const used = await tx.fixedIp.findFirst({
        where: { subnet_id: id, port: { device_owner: { not: METADATA_OWNER } } },
      })
      if (used) return 'in-use'
      await tx.fixedIp.deleteMany({ where: { subnet_id: id } })
      await tx.subnet.deleteMany({ where: { id } })
      await tx.removal.createMany({
        data: { kind: 'subnet', id, removed_at: new Date() },
        skipDuplicates: true,
      })
      await settleMetadata(tx, found.network_id)
      return 'gone'
    }),
})

/** @throws Problem 404 when it was deleted meanwhile */
const lockNetwork = async (tx: Tx, id: string): Promise<void> => {
  const rows = await tx.$queryRaw<object[]>`select id from networks where id = ${id}::uuid for no key update`
  if (!rows.length) throw errors.networkNotFound(id)
}

const refuseOverlap = async (tx: Tx, row: NewSubnet): Promise<void> => {
  const others = await tx.subnet.findMany({ where: { network_id: row.network_id }, select: { cidr: true } })
  const mine = parseCidr(row.cidr)!
  if (others.some(other => overlaps(mine, parseCidr(other.cidr)!)))
    throw errors.invalidInput(
      `Requested subnet with cidr: ${row.cidr} for network: ${row.network_id} overlaps with another subnet`,
    )
}

/** The metadata port has one address in every IPv4 subnet with DHCP, and none elsewhere; DHCP tells guests of it. */
const settleMetadata = async (tx: Tx, networkId: string): Promise<void> => {
  const port = await tx.port.findFirst({
    where: { network_id: networkId, device_owner: METADATA_OWNER },
    include: { fixed_ips: true },
  })
  await tx.$executeRaw`update networks set generation = generation + 1 where id = ${networkId}::uuid`
  if (!port) return
  const subnets = await lockSubnets(tx, networkId)
  const wanted = subnets.filter(subnet => subnet.ip_version === 4 && subnet.enable_dhcp)
  const held = new Set(port.fixed_ips.map(ip => ip.subnet_id))
  await tx.fixedIp.deleteMany({
    where: { port_id: port.id, subnet_id: { notIn: wanted.map(subnet => subnet.id) } },
  })
  const chooser = new AddressChooser(tx)
  for (const subnet of wanted.filter(one => !held.has(one.id))) {
    const ip = await chooser.pick(subnet)
    if (!ip) throw errors.noAddress(networkId)
    await tx.fixedIp.create({ data: { ...ip, port_id: port.id, position: 0 } })
  }
  await saveCursors(tx, chooser)
  await tx.$executeRaw`update ports set generation = generation + 1 where id = ${port.id}::uuid`
}
