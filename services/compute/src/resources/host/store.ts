import type { HostFacts } from '@caelum/agent-protocol'
import { allColumns } from '@caelum/db'
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

export type PolledHost = Pick<HostRow, 'id' | 'name' | 'wanted_revision'> & { is_asked: boolean }

export type HostStore = ReturnType<typeof hostStore>

const ALL_OF_HOST = Prisma.raw(allColumns(Prisma.HostScalarFieldEnum, 'h'))

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

  /** What an agent's poll is about: has its host's list changed, does a question wait? */
  async byName(name: string): Promise<PolledHost | null> {
    const [row] = await db.$queryRaw<PolledHost[]>`
      select id, name, wanted_revision,
        exists (select from asks where host_id = hosts.id and answered_at is null) as is_asked
      from hosts where name = ${name}`
    return row ?? null
  },

  /** Every host with its load, in the order of names. Inside `tx` it is part of a placement. */
  load: (tx: Pick<Prisma.TransactionClient, '$queryRaw'> = db): Promise<HostLoad[]> => tx.$queryRaw<
    HostLoad[]
  >`
    select ${ALL_OF_HOST}, coalesce(v.vcpus, 0)::int as used_vcpus, coalesce(v.ram_mb, 0)::int as used_ram_mb,
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

  async epochOf(id: string): Promise<number> {
    const row = await db.host.findUnique({ where: { id }, select: { agent_epoch: true } })
    return row?.agent_epoch ?? 0
  },
})
