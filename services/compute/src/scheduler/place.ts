/**
 * Placement: look at every host, pick, claim — one transaction under one lock. Taking turns buys exact answers: nobody
 * claims between our look and our claim, capacity is the sum over live vm rows and nothing else, and a hundred servers
 * at once spread instead of piling on the host that was emptiest. Whoever comes while a turn is under way waits for the
 * next one and shares it, each seeing the claims of those before; so a crowd costs little more than one.
 *
 * If we die before commit nothing happened; after it the vm rows are there and `next` goes on from them. A turn that
 * fails fails for all who shared it: each tries again by itself.
 */
import { newId } from '@caelum/kernel'
import { candidateOf, type HostRules } from '../resources/host/state.ts'
import type { HostStore } from '../resources/host/store.ts'
import type { ServerRow, VmRow } from '../resources/server/row.ts'
import type { ServerStore } from '../resources/server/store.ts'
import { groupLoad } from '../resources/server-group/store.ts'
import type { Claim, Placement, VmSpec, VmStore } from '../resources/vm/store.ts'
import { type Candidate, explain, pick, type Request } from './pick.ts'
import { lockPlacement, type Transaction } from './store.ts'

export type Placed =
  | { result: 'claimed'; vm: VmRow }
  | { result: 'no-room'; message: string }
  /** somebody else placed it meanwhile: look again */
  | { result: 'placed-already' }

export interface PlaceDeps {
  servers: Pick<ServerStore, 'transaction'>
  hosts: Pick<HostStore, 'load'>
  vms: Pick<VmStore, 'claim'>
  rules: HostRules
}

/** Those who share a turn hold the lock for all of it. */
const MOST_AT_ONCE = 64

export type Place = (server: ServerRow, specIn: (zone: string) => VmSpec) => Promise<Placed>

interface Waiting {
  server: ServerRow
  specIn: (zone: string) => VmSpec
  done: (placed: Placed) => void
  failed: (error: unknown) => void
}

export function takingTurns(deps: PlaceDeps): Place {
  let waiting: Waiting[] = []
  let isUnderWay = false

  const turns = async (): Promise<void> => {
    isUnderWay = true
    while (waiting.length > 0) {
      const together = waiting.slice(0, MOST_AT_ONCE)
      waiting = waiting.slice(MOST_AT_ONCE)
      try {
        const placed = await placeTogether(deps, together)
        for (const [index, one] of together.entries()) one.done(placed[index]!)
      } catch (error) {
        for (const one of together) one.failed(error)
      }
    }
    isUnderWay = false
  }

  return (server, specIn) =>
    new Promise((done, failed) => {
      waiting.push({ server, specIn, done, failed })
      if (!isUnderWay) void turns()
    })
}

const placeTogether = (
  { servers, hosts, vms, rules }: PlaceDeps,
  together: readonly Waiting[],
): Promise<Placed[]> =>
  servers.transaction(async tx => {
    await lockPlacement(tx)
    const now = new Date()
    let candidates = (await hosts.load(tx)).map(host => candidateOf(host, rules, now))
    const groups = new Groups(tx)
    const claims: Claim[] = []
    const placements: Placement[] = []
    const placed: Placed[] = []
    for (const { server, specIn } of together) {
      const { best, verdicts } = pick(candidates, await requestOf(server, groups))
      placements.push({
        id: newId(),
        server_id: server.id,
        generation: server.generation,
        host_id: best?.id ?? null,
        verdicts,
      })
      if (!best) {
        placed.push({ result: 'no-room', message: explain(verdicts) })
        continue
      }
      const claim = claimOn(best, server, specIn)
      claims.push(claim)
      placed.push({ result: 'claimed', vm: asClaimed(claim, best) })
      candidates = candidates.map(host => (host === best ? withClaim(host, claim) : host))
      groups.joined(server, best.id)
    }
    const others = await vms.claim(tx, claims, placements, now)
    return placed.map((one, index) =>
      others.has(together[index]!.server.id) ? { result: 'placed-already' } : one,
    )
  })

const requestOf = async (server: ServerRow, groups: Groups): Promise<Request> => ({
  vcpus: server.flavor.vcpus,
  ramMb: server.flavor.ram_mb,
  diskGb: server.flavor.disk_gb,
  host: server.want_host,
  availabilityZone: server.availability_zone,
  group: await groups.load(server),
})

/** What the groups of this turn hold: as the database knows it, and what the turn has added. */
class Groups {
  readonly #tx: Transaction
  readonly #joined = new Map<string, Map<string, number>>()

  constructor(tx: Transaction) {
    this.#tx = tx
  }

  async load({ id, group_id }: ServerRow): Promise<Request['group']> {
    const known = group_id ? await groupLoad(this.#tx, { id, group_id }) : null
    for (const [host, members] of this.#joined.get(group_id ?? '') ?? [])
      known?.onHost.set(host, (known.onHost.get(host) ?? 0) + members)
    return known
  }

  joined({ group_id }: ServerRow, hostId: string): void {
    if (!group_id) return
    const onHost = this.#joined.get(group_id) ?? new Map<string, number>()
    this.#joined.set(group_id, onHost.set(hostId, (onHost.get(hostId) ?? 0) + 1))
  }
}

const claimOn = (host: Candidate, server: ServerRow, specIn: (zone: string) => VmSpec): Claim => ({
  id: newId(),
  server_id: server.id,
  host_id: host.id,
  vcpus: server.flavor.vcpus,
  ram_mb: server.flavor.ram_mb,
  disk_gb: server.flavor.disk_gb,
  want_power: server.want_power,
  want_spec: specIn(host.availabilityZone),
  request_id: server.request_id,
})

const withClaim = (host: Candidate, { vcpus, ram_mb, disk_gb }: Claim): Candidate => ({
  ...host,
  vcpus: { ...host.vcpus, used: host.vcpus.used + vcpus },
  ramMb: { ...host.ramMb, used: host.ramMb.used + ram_mb },
  diskGb: { ...host.diskGb, used: host.diskGb.used + disk_gb },
  vms: host.vms + 1,
})

/** The row that the claim becomes, as a look would show it. */
const asClaimed = ({ id, host_id, want_power }: Claim, host: Candidate): VmRow => ({
  id,
  host_id,
  host_name: host.name,
  host_zone: host.availabilityZone,
  host_up: host.up,
  want_power,
  want_reboots_soft: 0,
  want_reboots_hard: 0,
  generation: 0,
  seen_generation: 0,
  seen_power: 'absent',
  seen_guest_off: false,
  seen_reboots_soft: 0,
  seen_reboots_hard: 0,
  seen_step: null,
  seen_fault: null,
  seen_at: null,
})
