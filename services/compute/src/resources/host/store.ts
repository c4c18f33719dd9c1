import type { HostFacts } from '@caelum/agent-protocol'
import { newId } from '@caelum/kernel'
import { Prisma, type PrismaClient } from '../../generated/client.ts'
import { lockPlacement } from '../../scheduler/store.ts'
import { leaveAggregates } from '../aggregate/store.ts'

export interface HostRow {
  id: string
  name: string
  want_enabled: boolean
  want_disabled_reason: string | null
  wanted_revision: bigint
  agent_epoch: number
  seen_at: Date | null
  seen_facts: HostFacts | null
  vcpus: number
  ram_mb: number
  disk_gb: number
  zone: string
  created_at: Date
}

/** A host together with what is claimed on it: sums over live vm rows, never a ledger of its own. */
export interface HostLoad extends HostRow {
  used_vcpus: number
  used_ram_mb: number
  used_disk_gb: number
  vms: number
  /** vms whose host has work to do */
  busy: number
}

export type HostStore = ReturnType<typeof hostStore>

export const hostStore = (db: PrismaClient) => ({
  /** The first hello of a name makes the host; every hello starts a new epoch. */
  async hello(name: string, facts: HostFacts, now: Date): Promise<{ id: string; epoch: number }> {
    const [row] = await db.$queryRaw<{ id: string; agent_epoch: number }[]>`
      insert into hosts (id, name, agent_epoch, seen_at, seen_facts, vcpus, ram_mb, disk_gb, created_at)
      values (${newId()}::uuid, ${name}, 1, ${now}, ${JSON.stringify(facts)}::jsonb, ${facts.vcpus}, ${facts.ram_mb},
        ${facts.disk_gb}, ${now})
      on conflict (name) do update set agent_epoch = hosts.agent_epoch + 1, agent_seq = 0, seen_at = excluded.seen_at,
        seen_facts = excluded.seen_facts, vcpus = excluded.vcpus, ram_mb = excluded.ram_mb, disk_gb = excluded.disk_gb
      returning id, agent_epoch`
    if (!row) throw new Error(`host ${name} was neither made nor found`)
    return { id: row.id, epoch: row.agent_epoch }
  },

  byName: (name: string) =>
    db.host.findUnique({ where: { name }, select: { id: true, name: true, wanted_revision: true } }),

  /** Every host with its load, in the order of names. Inside `tx` it is part of a placement. */
  load: (tx: Pick<Prisma.TransactionClient, '$queryRaw'> = db): Promise<HostLoad[]> => tx.$queryRaw<
    HostLoad[]
  >`
    select h.*, coalesce(v.vcpus, 0)::int as used_vcpus, coalesce(v.ram_mb, 0)::int as used_ram_mb,
      coalesce(v.disk_gb, 0)::int as used_disk_gb, coalesce(v.vms, 0)::int as vms,
      coalesce(v.busy, 0)::int as busy
    from hosts h
    left join (select host_id, sum(vcpus) as vcpus, sum(ram_mb) as ram_mb, sum(disk_gb) as disk_gb, count(*) as vms,
        count(*) filter (where seen_generation < generation) as busy
      from vms group by host_id) v on v.host_id = h.id
    order by h.name`,

  async setEnabled(id: string, enabled: boolean, reason: string | null): Promise<boolean> {
    const { count } = await db.host.updateMany({
      where: { id },
      data: { want_enabled: enabled, want_disabled_reason: reason },
    })
    return count > 0
  },

  remove: (id: string): Promise<'removed' | 'has-vms'> =>
    db.$transaction(async tx => {
      await lockPlacement(tx)
      if ((await tx.vm.count({ where: { host_id: id } })) > 0) return 'has-vms'
      const host = await tx.host.findUnique({ where: { id }, select: { name: true } })
      await tx.host.deleteMany({ where: { id } })
      if (host) await leaveAggregates(tx, host.name)
      return 'removed'
    }),

  /** false: a newer agent owns this host, or this report is older than one we know */
  async accept(
    tx: Prisma.TransactionClient,
    id: string,
    epoch: number,
    seq: number,
    facts: HostFacts | null,
    now: Date,
  ) {
    const refreshed = facts
      ? Prisma.sql`, seen_facts = ${JSON.stringify(facts)}::jsonb, vcpus = ${facts.vcpus}, ram_mb = ${facts.ram_mb}, disk_gb = ${facts.disk_gb}`
      : Prisma.empty
    const count = await tx.$executeRaw`
      update hosts set agent_seq = ${seq}, seen_at = ${now}${refreshed}
      where id = ${id}::uuid and agent_epoch = ${epoch} and agent_seq < ${seq}`
    return count > 0
  },

  async epochOf(id: string): Promise<number> {
    const row = await db.host.findUnique({ where: { id }, select: { agent_epoch: true } })
    return row?.agent_epoch ?? 0
  },
})
