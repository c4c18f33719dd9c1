import { allColumns } from '@caelum/db'
import { isUuid } from '@caelum/kernel'
import { AddressChooser, type LockedSubnet, lockSubnets, saveCursors } from '../../address/store.ts'
import { inOrder, type ListQuery, planOf } from '../../collection/list-query.ts'
import { changeTags, inTransaction, type Tx } from '../../collection/store.ts'
import { errors } from '../../errors.ts'
import { Prisma, type PrismaClient } from '../../generated/client.ts'
import { METADATA_OWNER } from '../../ovn/topology.ts'
import { planAddresses } from './address-plan.ts'
import { chooseAddresses, type NewPort, PortInserter } from './insert-store.ts'
import type { PortColumns, PortRow } from './row.ts'
import type { FixedIpWant } from './schema.ts'

export interface PortChange {
  columns: Partial<PortColumns>
  fixed_ips?: FixedIpWant[] | undefined
  security_groups?: string[] | undefined
}

/** A port as a host plugs it. */
export interface WiredPort {
  id: string
  network_id: string
  network_name: string
  mac_address: string
  /** bytes */
  mtu: number
  fixed_ips: { address: string; prefix_length: number }[]
}

export type PortStore = ReturnType<typeof portStore>

export const portStore = (db: PrismaClient) => {
  const inserter = new PortInserter(db)
  const get = async (id: string): Promise<PortRow | null> =>
    isUuid(id) ? ((await readPorts(db, [id]))[0] ?? null) : null

  return {
    get,

    getMany: (ids: string[]): Promise<PortRow[]> => readPorts(db, ids),

    async list(query: ListQuery, visible: object): Promise<PortRow[]> {
      const marker = query.marker === null ? null : await get(query.marker)
      if (query.marker !== null && !marker) throw errors.portNotFound(query.marker)
      const found = await db.port.findMany({ ...planOf(query, visible, marker), select: { id: true } })
      return inOrder(
        query,
        await readPorts(
          db,
          found.map(row => row.id),
        ),
      )
    },

    /** Of these MAC addresses, those that the network knows already. */
    async macsInUse(networkId: string, macs: string[]): Promise<string[]> {
      const where = { network_id: networkId, mac_address: { in: macs } }
      return (await db.port.findMany({ where, select: { mac_address: true } })).map(row => row.mac_address)
    },

    insert: (ports: NewPort[]): Promise<PortRow[] | 'taken'> => inserter.insert(ports),

    /** Compare-and-set of columns: 'changed-meanwhile' when the port is not any more as `now` says. */
    async updateColumns(now: PortRow, columns: Partial<PortColumns>): Promise<PortRow | 'changed-meanwhile'> {
      const { count } = await db.port.updateMany({
        where: { id: now.id, generation: now.generation },
        data: { ...columns, generation: now.generation + 1 } as never,
      })
      return count ? { ...now, ...columns, generation: now.generation + 1 } : 'changed-meanwhile'
    },

    /** Addresses and groups too, under locks; `plan` says what shall change, given the row as it is now. */
    update: (id: string, networkId: string, plan: (now: PortRow) => PortChange): Promise<PortRow | null> =>
      inTransaction(db, async tx => {
        const subnets = await lockSubnets(tx, networkId)
        await tx.$executeRaw`select id from ports where id = ${id}::uuid for no key update`
        const [now] = await readPorts(tx, [id])
        if (!now) return null
        const change = plan(now)
        if (change.fixed_ips) await replaceAddresses(tx, subnets, now, change.fixed_ips)
        if (change.security_groups) {
          const data = change.security_groups.map(group => ({ port_id: id, security_group_id: group }))
          await tx.portSecurityGroup.deleteMany({ where: { port_id: id } })
          await tx.portSecurityGroup.createMany({ data })
        }
        await tx.port.updateMany({
          where: { id },
          data: { ...change.columns, generation: { increment: 1 } } as never,
        })
        return (await readPorts(tx, [id]))[0]!
      }),

    changeTags: (id: string, next: (tags: string[]) => string[]) => changeTags(db, 'ports', id, next),

    /** The port and the metadata port of its network. */
    async wiring(id: string): Promise<{ port: WiredPort; metadata: WiredPort | null } | null> {
      if (!isUuid(id)) return null
      const rows = await db.$queryRaw<WiredPort[]>`
        with wanted as (select id, network_id from ports where id = ${id}::uuid)
        select p.id, p.network_id, n.name as network_name, p.mac_address, n.mtu, coalesce((
          select json_agg(json_build_object('address', host(address), 'prefix_length', masklen(cidr::inet)) order by position)
          from fixed_ips join subnets on subnets.id = subnet_id where port_id = p.id), '[]') as fixed_ips
        from ports p join networks n on n.id = p.network_id
        where p.id in (
          select id from wanted
          union select m.id from wanted w join ports m on m.device_id = 'ovnmeta-' || w.network_id
            and m.device_owner = ${METADATA_OWNER})`
      const port = rows.find(row => row.id === id.toLowerCase())
      return port ? { port, metadata: rows.find(row => row !== port) ?? null } : null
    },

    async remove(id: string): Promise<void> {
      await db.$executeRaw`
        with gone as (delete from ports where id = ${id}::uuid returning id)
        insert into removals (kind, id, removed_at) select 'port', id, now() from gone on conflict do nothing`
    },
  }
}

const ALL = Prisma.raw(allColumns(Prisma.PortScalarFieldEnum, 'ports'))

/** In the order of `ids`; those that do not exist are left out. One statement with what belongs to each port. */
const readPorts = (db: Tx, ids: string[]): Promise<PortRow[]> =>
  ids.length === 0
    ? Promise.resolve([])
    : db.$queryRaw<PortRow[]>(Prisma.sql`
        select ${ALL},
          coalesce((select json_agg(json_build_object('subnet_id', subnet_id, 'address', host(address),
            'position', position) order by position) from fixed_ips where port_id = ports.id), '[]') as fixed_ips,
          coalesce((select json_agg(security_group_id order by security_group_id)
            from port_security_groups where port_id = ports.id), '[]') as security_groups
        from unnest(${ids}::uuid[]) with ordinality as wanted(id, number) join ports using (id) order by number`)

/** Addresses that are wanted still stay where they are; a wish for any address of a subnet is met by one held there. */
const replaceAddresses = async (
  tx: Tx,
  subnets: readonly LockedSubnet[],
  now: PortRow,
  wants: FixedIpWant[],
): Promise<void> => {
  const free = [...now.fixed_ips]
  const missing = planAddresses(subnets, wants).filter(plan => {
    const at = free.findIndex(
      ip => plan.subnets.includes(ip.subnet_id) && (plan.address === null || plan.address === ip.address),
    )
    if (at >= 0) free.splice(at, 1)
    return at < 0
  })
  for (const ip of free)
    await tx.fixedIp.deleteMany({ where: { subnet_id: ip.subnet_id, address: ip.address } })
  const chooser = new AddressChooser(tx)
  const chosen = await chooseAddresses(chooser, subnets, now.network_id, missing)
  await saveCursors(tx, chooser)
  const first = 1 + Math.max(-1, ...now.fixed_ips.map(ip => ip.position))
  await tx.fixedIp.createMany({
    data: chosen.map((ip, index) => ({ ...ip, port_id: now.id, position: first + index })),
  })
}
