/**
 * Is everything as wanted? Every layer is asked what it holds, and whatever does not fit the others becomes a
 * sentence. A cloud has settled when there is nothing to say.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import type { SimVm } from '../../services/compute-agent/src/hypervisor/sim/state.ts'
import { type Cloud, logOf } from '../support/cloud.ts'
import { logicalPorts, type Truth } from '../support/truth.ts'
import { FLAVOR, type Server, type Workload } from './workload.ts'

export interface Scene {
  cloud: Cloud
  truth: Truth
  workload: Workload
}

export interface Wanted {
  servers: readonly Server[]
  status?: 'ACTIVE' | 'SHUTOFF'
  /** how often the firmware of each guest may have begun */
  boots?: readonly number[]
}

const LOOK_MS = 100
const SETTLE_MS = 30_000

/** @throws with everything that is not as wanted, when that is still so after `withinMs` */
export async function settled(scene: Scene, wanted: Wanted, withinMs = SETTLE_MS): Promise<void> {
  const deadline = performance.now() + withinMs
  for (;;) {
    const wrong = await differences(scene, wanted).catch((error: Error) => [`cannot look: ${error.message}`])
    if (wrong.length === 0) return
    if (performance.now() > deadline) throw new Error(await report(scene, wrong, withinMs))
    await sleep(LOOK_MS)
  }
}

type Vm = { id: string; server_id: string; host: string }
type Port = { id: string; owner: string; device_id: string; host: string; addresses: number; synced: boolean }
type Hypervisor = {
  hypervisor_hostname: string
  running_vms: number
  vcpus_used: number
  memory_mb_used: number
  local_gb_used: number
}

/** kept from guests on every host, MiB; compute's default */
const RESERVED_RAM_MB = 512

async function differences({ cloud, truth, workload }: Scene, wanted: Wanted): Promise<string[]> {
  const [shown, vms, ports, unfinished, removals, limits, { hypervisors }, switchPorts] = await Promise.all([
    workload.list(),
    truth.sql<Vm>(
      'select v.id, v.server_id, h.name as host from compute.vms v join compute.hosts h on h.id = v.host_id',
    ),
    truth.sql<Port>(
      `select id, device_owner as owner, device_id, binding_host_id as host, seen_generation = generation as synced,
        (select count(*)::int from network.fixed_ips where port_id = p.id) as addresses from network.ports p`,
    ),
    truth.sql<{ id: string }>(
      'select id from compute.servers where want_deleted or seen_generation < generation or fault is not null',
    ),
    truth.sql<{ kind: string; id: string }>('select kind, id from network.removals'),
    workload.tenant.call<{ limits: { absolute: Record<string, number> } }>('compute', 'GET', '/limits'),
    cloud.admin.call<{ hypervisors: Hypervisor[] }>('compute', 'GET', '/os-hypervisors/detail'),
    logicalPorts(truth.ovn),
  ])
  const { guests, leftovers } = truth.guests()
  const ids = wanted.servers.map(server => server.id)
  const ofServers = ports.filter(port => port.owner === 'compute:nova')
  const { totalInstancesUsed, totalCoresUsed, totalRAMUsed } = limits.limits.absolute
  const used = [totalInstancesUsed, totalCoresUsed, totalRAMUsed]
  return [
    ...differ('servers', ids, shown),
    ...shown
      .filter(({ status }) => status !== (wanted.status ?? 'ACTIVE'))
      .map(({ id, name, status }) => `server ${id} ${name} is ${status}`),
    ...differ(
      'servers of vms',
      ids,
      vms.map(vm => ({ id: vm.server_id })),
    ),
    ...differ(
      'guests',
      vms.map(vm => vm.id),
      guests,
    ),
    ...vms.flatMap(vm =>
      guestProblems(
        vm,
        guests.find(guest => guest.id === vm.id),
        wanted,
      ),
    ),
    ...leftovers.map(path => `left behind: ${path}`),
    ...differ(
      'servers of ports',
      ids,
      ofServers.map(port => ({ id: port.device_id })),
    ),
    ...ofServers.flatMap(port => portProblems(port, vms)),
    ...ports.filter(port => port.owner === '').flatMap(freePortProblems),
    ...differ(
      'ports in OVN',
      ports.map(port => port.id),
      switchPorts.map(id => ({ id })),
    ),
    ...unfinished.map(({ id }) => `server ${id} is not finished`),
    ...removals.map(({ kind, id }) => `OVN may still have ${kind} ${id}`),
    ...same('quota used', [ids.length, ids.length * FLAVOR.vcpus, ids.length * FLAVOR.ram], used),
    ...hypervisors.flatMap(host => loadProblems(host, vms)),
  ]
}

/** Each id exactly once, and no other. */
function differ(what: string, wanted: readonly string[], found: readonly { id: string }[]): string[] {
  const count = (id: string) => found.filter(one => one.id === id).length
  const strange = [...new Set(found.map(one => one.id))].filter(id => !wanted.includes(id))
  return [
    ...wanted.filter(id => count(id) !== 1).map(id => `${what}: ${id} is there ${count(id)} times`),
    ...strange.map(id => `${what}: nobody wants ${id}`),
  ]
}

const same = (what: string, wanted: readonly unknown[], found: readonly unknown[]): string[] =>
  String(wanted) === String(found) ? [] : [`${what}: ${found} instead of ${wanted}`]

function guestProblems(vm: Vm, guest: (SimVm & { host: string }) | undefined, wanted: Wanted): string[] {
  if (!guest) return []
  const power = guest.run && guest.run.off_at === null ? 'on' : 'off'
  return [
    ...same(`host of guest ${vm.id}`, [vm.host], [guest.host]),
    ...same(`server of guest ${vm.id}`, [vm.server_id], [guest.definition?.server_id]),
    ...same(`power of guest ${vm.id}`, [wanted.status === 'SHUTOFF' ? 'off' : 'on'], [power]),
    ...((wanted.boots ?? [1]).includes(guest.boots)
      ? []
      : [`guest ${vm.id} was started ${guest.boots} times`]),
  ]
}

function portProblems(port: Port, vms: readonly Vm[]): string[] {
  const vm = vms.find(one => one.server_id === port.device_id)
  return [
    ...same(`host of port ${port.id}`, [vm?.host], [port.host]),
    ...same(`addresses of port ${port.id}`, [1], [port.addresses]),
    ...same(`port ${port.id} seen by OVN`, [true], [port.synced]),
  ]
}

const freePortProblems = ({ id, device_id, host }: Port): string[] =>
  same(`user and host of free port ${id}`, ['', ''], [device_id, host])

function loadProblems(host: Hypervisor, vms: readonly Vm[]): string[] {
  const here = vms.filter(vm => vm.host === host.hypervisor_hostname).length
  return same(
    `used of ${host.hypervisor_hostname}`,
    [here, here * FLAVOR.vcpus, RESERVED_RAM_MB + here * FLAVOR.ram, here * FLAVOR.disk],
    [host.running_vms, host.vcpus_used, host.memory_mb_used, host.local_gb_used],
  )
}

const SHOWN_STUCK = 2
const SHOWN_LINES = 15

/** What is wrong, the whole story of the first stuck servers, and how the logs end. */
async function report(
  { cloud, workload }: Scene,
  wrong: readonly string[],
  withinMs: number,
): Promise<string> {
  const shown = await workload.list().catch(() => [])
  const stuck = shown.filter(server => wrong.some(sentence => sentence.includes(server.id)))
  const stories = stuck.slice(0, SHOWN_STUCK).map(({ id }) =>
    cloud.admin
      .call('compute', 'GET', `/x/servers/${id}/ops`)
      .then(story => JSON.stringify(story, null, 1))
      .catch(error => `${id}: ${(error as Error).message}`),
  )
  const units = (await cloud.units()).filter(unit => unit.pid !== null || unit.last_error)
  return [
    `not settled within ${withinMs / 1000} s:`,
    ...wrong.map(sentence => `  ${sentence}`),
    ...(await Promise.all(stories)),
    ...units
      .filter(unit => unit.state !== 'ready')
      .map(unit => `unit ${unit.name} is ${unit.state}: ${unit.last_error}`),
    ...units
      .filter(({ name }) => /^(compute|network|agent)/.test(name))
      .map(
        ({ name }) =>
          `--- ${name}\n${logOf(cloud, name).trimEnd().split('\n').slice(-SHOWN_LINES).join('\n')}`,
      ),
  ].join('\n')
}
