import type { WantedVm } from '@caelum/agent-protocol'
import type { Prisma, PrismaClient } from '../../generated/client.ts'
import type { Verdict } from '../../scheduler/pick.ts'

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
  want_spec: VmSpec
  request_id: string
}

/** How a server came to its host, or to none. */
export interface Placement {
  id: string
  server_id: string
  generation: number
  host_id: string | null
  verdicts: readonly Verdict[]
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
   * Writes vms, and with them their claims on capacity, inside the transaction that looked at the hosts; and why each
   * host was taken or not. Revision and generation 0: no agent sees a vm before `revise` makes it whole.
   *
   * @returns servers that have a vm now that was not ours to make: somebody else placed them
   */
  async claim(
    tx: Prisma.TransactionClient,
    claims: readonly Claim[],
    placements: readonly Placement[],
    now: Date,
  ): Promise<Set<string>> {
    const vms = claims.map(claim => ({ ...claim, created_at: now }))
    const explained = placements.map(placement => ({ ...placement, created_at: now }))
    const made = await tx.$queryRaw<{ server_id: string }[]>`
      with explained as (
        insert into placements (id, server_id, generation, host_id, verdicts, created_at)
        select id, server_id, generation, host_id, verdicts, created_at
        from jsonb_populate_recordset(null::placements, ${JSON.stringify(explained)}::jsonb))
      insert into vms (id, server_id, host_id, vcpus, ram_mb, disk_gb, want_power, want_spec, generation, revision,
        request_id, created_at)
      select id, server_id, host_id, vcpus, ram_mb, disk_gb, want_power, want_spec, 0, 0, request_id, created_at
      from jsonb_populate_recordset(null::vms, ${JSON.stringify(vms)}::jsonb)
      on conflict (server_id) do nothing returning server_id`
    const ours = new Set(made.map(row => row.server_id))
    return new Set(claims.map(claim => claim.server_id).filter(id => !ours.has(id)))
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
