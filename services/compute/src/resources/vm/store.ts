import type { SeenVm, WantedVm } from '@caelum/agent-protocol'
import type { Prisma, PrismaClient } from '../../generated/client.ts'

/** The part of a wanted vm that is kept as one document; the other fields are columns. */
export type VmSpec = Pick<WantedVm, 'disk' | 'nics' | 'metadata'>

export interface Claim {
  id: string
  server_id: string
  host_id: string
  vcpus: number
  ram_mb: number
  disk_gb: number
  want_power: 'running' | 'stopped'
  spec: VmSpec
  request_id: string
}

export interface Revision {
  server_id: string
  want_power: 'running' | 'stopped' | 'gone'
  want_reboots_soft: number
  want_reboots_hard: number
  spec: VmSpec | null
  generation: number
  request_id: string
}

interface WantedRow {
  id: string
  server_id: string
  generation: number
  revision: bigint
  want_power: WantedVm['power']
  want_reboots_soft: number
  want_reboots_hard: number
  vcpus: number
  ram_mb: number
  want_spec: VmSpec
  request_id: string
}

export type VmStore = ReturnType<typeof vmStore>

export const vmStore = (db: PrismaClient) => ({
  /**
   * Writes the vm and with it its claim on the host's capacity, inside the transaction that looked at it. Revision
   * and generation 0: no agent sees it before `revise` makes it whole.
   */
  async claim(tx: Prisma.TransactionClient, claim: Claim, now: Date): Promise<void> {
    const { spec, ...columns } = claim
    await tx.vm.create({
      data: {
        ...columns,
        want_spec: spec as unknown as Prisma.InputJsonValue,
        generation: 0,
        revision: 0,
        created_at: now,
      },
    })
  },

  /**
   * Hands a newer want to the agent. A vm that is wanted gone stays so. One statement: the host's revision goes up,
   * its agent is woken, and the row lock this leaves on the host until commit puts all changes of one host's vms in
   * the order of their revisions, so an agent that has seen N has seen everything up to N.
   */
  async revise(change: Revision): Promise<void> {
    const spec = change.spec ? JSON.stringify(change.spec) : null
    await db.$executeRaw`
      with host as (
        update hosts set wanted_revision = wanted_revision + 1
        from vms where vms.server_id = ${change.server_id}::uuid and hosts.id = vms.host_id
        returning hosts.id, wanted_revision, pg_notify('compute_host', hosts.id::text))
      update vms set want_power = ${change.want_power}, want_reboots_soft = ${change.want_reboots_soft},
        want_reboots_hard = ${change.want_reboots_hard}, generation = ${change.generation},
        request_id = ${change.request_id}, revision = host.wanted_revision,
        want_spec = coalesce(${spec}::jsonb, want_spec)
      from host
      where server_id = ${change.server_id}::uuid and vms.host_id = host.id and generation < ${change.generation}
        and want_power <> 'gone'`
  },

  /** What changed on a host after revision `since`, oldest change first. */
  async wanted(hostId: string, since: bigint): Promise<WantedVm[]> {
    const rows = await db.$queryRaw<WantedRow[]>`
      select id, server_id, generation, revision, want_power, want_reboots_soft, want_reboots_hard, vcpus, ram_mb,
        want_spec, request_id
      from vms where host_id = ${hostId}::uuid and revision > ${since} order by revision`
    return rows.map(row => ({
      id: row.id,
      server_id: row.server_id,
      generation: row.generation,
      revision: Number(row.revision),
      power: row.want_power,
      reboots_soft: row.want_reboots_soft,
      reboots_hard: row.want_reboots_hard,
      vcpus: row.vcpus,
      ram_mb: row.ram_mb,
      request_id: row.request_id,
      ...row.want_spec,
    }))
  },

  /**
   * Writes what an agent saw; facts about an older generation than already known are left out. A vm that is wanted
   * gone and seen gone has served its purpose: its row, the claim, goes in the same transaction.
   *
   * @returns ids of the servers whose vm changed
   */
  async record(
    tx: Prisma.TransactionClient,
    hostId: string,
    seen: readonly SeenVm[],
    now: Date,
  ): Promise<string[]> {
    if (seen.length === 0) return []
    const changed = await tx.$queryRaw<{ server_id: string }[]>`
      update vms v set seen_generation = r.generation, seen_power = r.power, seen_reboots_soft = r.reboots_soft,
        seen_reboots_hard = r.reboots_hard, seen_step = r.step, seen_fault = r.fault, seen_at = ${now}
      from jsonb_to_recordset(${JSON.stringify(seen)}::jsonb) as r(id uuid, generation int, power text,
        reboots_soft int, reboots_hard int, step text, fault jsonb)
      where v.id = r.id and v.host_id = ${hostId}::uuid and v.seen_generation <= r.generation
        and (v.seen_generation, v.seen_power, v.seen_reboots_soft, v.seen_reboots_hard, v.seen_step, v.seen_fault)
          is distinct from (r.generation, r.power, r.reboots_soft, r.reboots_hard, r.step, r.fault)
      returning v.server_id`
    await tx.$executeRaw`
      delete from vms where host_id = ${hostId}::uuid and want_power = 'gone' and seen_power = 'gone'
        and seen_generation >= generation`
    return changed.map(row => row.server_id)
  },

  /** which servers are on these hosts, by name */
  serversOn: (hostIds: readonly string[]) => db.$queryRaw<{ host_id: string; uuid: string; name: string }[]>`
    select v.host_id, s.id as uuid, s.name from vms v join servers s on s.id = v.server_id
    where v.host_id = any(${hostIds as string[]}::uuid[]) order by s.name, s.id`,

  /** Is this image part of anything wanted on this host? Only then may the host have its bytes. */
  async isImageWanted(hostId: string, imageId: string): Promise<boolean> {
    const [row] = await db.$queryRaw<{ n: number }[]>`
      select count(*)::int as n from vms
      where host_id = ${hostId}::uuid and want_power <> 'gone' and want_spec->'disk'->'image'->>'id' = ${imageId}`
    return (row?.n ?? 0) > 0
  },
})
