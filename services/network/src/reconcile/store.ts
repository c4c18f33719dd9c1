import { Prisma, type PrismaClient } from '../generated/client.ts'
import { METADATA_OWNER, type Topology } from '../ovn/topology.ts'
import { Marks } from './marks.ts'
import type { Kind } from './ring.ts'

export type ReconcileStore = ReturnType<typeof reconcileStore>

/** Each row with the generation of it that OVN was last seen to have taken over. */
export type Loaded = { [K in keyof Topology]: (Topology[K][number] & { seen_generation: number })[] }

/** A row as OVN was seen to have taken it over; generation null: the row is gone. */
export interface SeenRow {
  kind: Kind
  id: string
  generation: number | null
}
export interface SeenPort {
  id: string
  up: boolean
  host: string | null
}

const TABLES = { network: 'networks', subnet: 'subnets', port: 'ports', group: 'security_groups' } as const

export const reconcileStore = (db: PrismaClient) => ({
  /**
   * The part of the topology that concerns `marks`, or all of it: one statement, so one moment. It is closed upwards,
   * and a subnet brings its ports, because they refer to its DHCP options.
   */
  async load(marks: Marks | 'all'): Promise<Loaded> {
    const [row] = await db.$queryRaw<Loaded[]>(topologyQuery(marks))
    return row!
  },

  /** Rows that OVN has not taken over yet, and rows that were removed. */
  async lagging(limit: number): Promise<Marks> {
    const rows = await db.$queryRaw<{ kind: Kind; id: string }[]>`
      select 'network' as kind, id from networks where seen_generation <> generation
      union all select 'subnet', id from subnets where seen_generation <> generation
      union all select 'port', id from ports where seen_generation <> generation
      union all select 'group', id from security_groups where seen_generation <> generation
      union all select kind, id from removals limit ${limit}`
    const marks = new Marks()
    for (const { kind, id } of rows) marks.add(kind, id)
    return marks
  },

  /** Rows are locked in the order of their ids, here and in `saveSeenPorts`: no deadlock. */
  async saveSeen(seen: readonly SeenRow[]): Promise<void> {
    for (const kind of Object.keys(TABLES) as Kind[]) {
      const mine = seen.filter(row => row.kind === kind)
      const alive = mine.filter(row => row.generation !== null)
      if (alive.length) {
        const table = Prisma.raw(TABLES[kind])
        const values = Prisma.sql`unnest(${alive.map(row => row.id)}::uuid[], ${alive.map(row => row.generation!)}::int[])`
        await db.$executeRaw`
          with held as (
            select t.id, v.generation from ${values} as v(id, generation) join ${table} t using (id)
            where t.seen_generation <> v.generation and v.generation <= t.generation order by t.id for no key update of t)
          update ${table} t set seen_generation = held.generation from held where t.id = held.id`
      }
      const gone = mine.filter(row => row.generation === null).map(row => row.id)
      if (gone.length) await db.removal.deleteMany({ where: { kind, id: { in: gone } } })
    }
  },

  seenPorts: (): Promise<SeenPort[]> =>
    db.$queryRaw<SeenPort[]>`select id, seen_up as up, seen_host as host from ports`,

  async saveSeenPorts(ports: readonly SeenPort[]): Promise<void> {
    const ids = ports.map(port => port.id)
    const ups = ports.map(port => port.up)
    const hosts = ports.map(port => port.host)
    await db.$executeRaw`
      with held as (
        select p.id, v.up, v.host
        from unnest(${ids}::uuid[], ${ups}::bool[], ${hosts}::text[]) as v(id, up, host) join ports p using (id)
        where (p.seen_up, p.seen_host) is distinct from (v.up, v.host) order by p.id for no key update of p)
      update ports p set seen_up = held.up, seen_host = held.host from held where p.id = held.id`
  },
})

const topologyQuery = (marks: Marks | 'all'): Prisma.Sql => {
  const listed = (ids: Iterable<string>) => Prisma.sql`select unnest(${[...ids]}::uuid[])`
  const where = (column: string, ...sources: Prisma.Sql[]) =>
    marks === 'all'
      ? Prisma.empty
      : Prisma.sql`where ${Prisma.raw(column)} in (${Prisma.join(sources, ' union ')})`
  const { network, subnet, port, group } = marks === 'all' ? new Marks() : marks
  const portsOfSubnets = Prisma.sql`select port_id from fixed_ips where subnet_id in (${listed(subnet)})`
  const subnetsOfNetworks = Prisma.sql`select id from subnets where network_id in (${listed(network)})`
  return Prisma.sql`
    with p as (select * from ports ${where('id', listed(port), portsOfSubnets)}),
    f as (select fixed_ips.* from fixed_ips join p on p.id = port_id),
    b as (select port_security_groups.* from port_security_groups join p on p.id = port_id),
    s as (select * from subnets
          ${where('id', listed(subnet), subnetsOfNetworks, Prisma.sql`select subnet_id from f`)}),
    n as (select * from networks ${where(
      'id',
      listed(network),
      Prisma.sql`select network_id from p`,
      Prisma.sql`select network_id from s`,
    )}),
    g as (select * from security_groups ${where('id', listed(group), Prisma.sql`select security_group_id from b`)})
    select
      (select coalesce(json_agg(json_build_object('id', id, 'generation', generation,
        'seen_generation', seen_generation)), '[]') from n) as networks,
      (select coalesce(json_agg(json_build_object(
        'id', s.id, 'network_id', network_id, 'generation', s.generation, 'seen_generation', s.seen_generation,
        'ip_version', ip_version, 'cidr', cidr,
        'gateway_ip', gateway_ip, 'enable_dhcp', enable_dhcp, 'dns_nameservers', dns_nameservers,
        'host_routes', host_routes, 'mtu', n.mtu, 'metadata_ip', (
          select host(address) from ports m join fixed_ips on port_id = m.id and subnet_id = s.id
          where m.device_id = 'ovnmeta-' || s.network_id and m.device_owner = ${METADATA_OWNER}))), '[]')
       from s join n on n.id = network_id) as subnets,
      (select coalesce(json_agg(json_build_object(
        'id', id, 'network_id', network_id, 'generation', generation, 'seen_generation', seen_generation,
        'mac_address', mac_address,
        'admin_state_up', admin_state_up, 'port_security_enabled', port_security_enabled,
        'device_owner', device_owner, 'host', binding_host_id, 'allowed_address_pairs', allowed_address_pairs,
        'fixed_ips', (select coalesce(json_agg(json_build_object('subnet_id', subnet_id, 'ip_address', host(address))
                      order by position), '[]') from f where port_id = p.id),
        'security_groups', (select coalesce(json_agg(security_group_id), '[]') from b where port_id = p.id))), '[]')
       from p) as ports,
      (select coalesce(json_agg(json_build_object(
        'id', id, 'generation', generation, 'seen_generation', seen_generation, 'stateful', stateful, 'rules', (
          select coalesce(json_agg(json_build_object(
            'id', r.id, 'direction', direction, 'ethertype', ethertype, 'protocol', protocol,
            'port_range_min', port_range_min, 'port_range_max', port_range_max,
            'remote_ip_prefix', remote_ip_prefix, 'remote_group_id', remote_group_id)), '[]')
          from security_group_rules r where r.security_group_id = g.id))), '[]') from g) as groups`
}
