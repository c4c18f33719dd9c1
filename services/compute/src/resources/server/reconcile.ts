/** The code of each step of `state.ts`. Every step looks, then acts, and may be repeated after dying anywhere in it. */
import { randomUUID } from 'node:crypto'
import { type NetworkClient, RemoteError } from '@caelum/clients'
import { newId } from '@caelum/kernel'
import { point as crashPoint, type StepOutcome, type StepReport } from '@caelum/reconcile'
import type { PointName } from '../../points.ts'
import type { Place } from '../../scheduler/place.ts'
import type { VmStore } from '../vm/store.ts'
import { ensurePorts, releasePorts } from './ports.ts'
import type { ServerRow, ServerWithVm, VmRow } from './row.ts'
import { specOf } from './spec.ts'
import { next, type Step } from './state.ts'
import type { ServerStore } from './store.ts'

const point = (name: PointName) => crashPoint(name)

export interface ReconcileDeps {
  servers: ServerStore
  vms: VmStore
  place: Place
  network: NetworkClient
}

/** Does the next step of one server, beginning from `view` when a look has just been had. */
export async function stepServer(
  deps: ReconcileDeps,
  id: string,
  view: ServerWithVm | undefined,
): Promise<StepReport<ServerWithVm> | null> {
  const found = view ?? (await deps.servers.get(id))
  if (!found) return null
  const { server, vm } = found
  const step = next(server, vm)
  const idle = step === 'rest' || step === 'await-agent'
  const done = await steps[step](deps, server, vm)
  const result = typeof done === 'string' ? { outcome: done } : done
  return { name: step, idle, generation: server.generation, ...result }
}

type Done = StepOutcome | { outcome: 'again'; view: ServerWithVm | undefined }
type Act = (deps: ReconcileDeps, server: ServerRow, vm: VmRow | null) => Promise<Done>

const steps: Record<Step, Act> = {
  'ensure-ports': async ({ network, servers }, server, vm) =>
    orFault({ servers }, server, async () => {
      const ports = await ensurePorts(network, server, vm?.host_name ?? '')
      point('server.ensure-ports.made')
      const saved = await servers.savePorts(server.id, ports)
      point('server.ensure-ports.saved')
      return { outcome: 'again', view: saved ?? undefined }
    }),

  place: async ({ place, servers }, server) => {
    const placed = await place(server, zone => specOf(server, [], zone))
    if (placed.result === 'placed-already') return 'again'
    if (placed.result === 'claimed') {
      point('server.place.committed')
      return { outcome: 'again', view: { server, vm: placed.vm } }
    }
    await servers.saveFault(server.id, server.generation, {
      code: 500,
      message: `No valid host was found. ${placed.message}`,
      at: new Date().toISOString(),
    })
    return 'rest'
  },

  /** The first time ports are fresh; later somebody may have changed them meanwhile, so they are looked at again. */
  'revise-vm': async ({ network, servers, vms }, server, vm) => {
    const ports = vm?.generation
      ? await ensurePorts(network, server, vm.host_name)
      : (server.seen_ports ?? [])
    if (vm?.generation) await servers.savePorts(server.id, ports)
    await vms.revise({
      server_id: server.id,
      want_power: server.want_power,
      want_reboots_soft: server.want_reboots_soft,
      want_reboots_hard: server.want_reboots_hard,
      spec: vm
        ? specOf(
            server,
            ports.map(port => port.wiring),
            vm.host_zone,
          )
        : null,
      generation: server.generation,
      request_id: server.request_id,
    })
    point('server.revise-vm.saved')
    return 'wait'
  },

  /** nova/compute/manager.py, _sync_instance_power_state: the API's stop, asked by nobody. */
  'follow-guest': async ({ servers }, server) => {
    const changed = await servers.change(
      server,
      { want_power: 'stopped' },
      {
        id: newId(),
        server_id: server.id,
        action: 'stop',
        request_id: `req-${randomUUID()}`,
        user_id: null,
        project_id: server.project_id,
        message: 'The guest switched itself off.',
        at: new Date(),
      },
    )
    if (changed === 'changed') point('server.follow-guest.committed')
    return 'again'
  },

  'await-agent': async () => 'wait',

  'record-fault': async ({ servers }, server, vm) => {
    await servers.saveFault(server.id, server.generation, {
      code: 500,
      message: vm?.seen_fault?.message ?? 'The host could not do it and did not say why.',
      at: new Date().toISOString(),
    })
    return 'rest'
  },

  'record-seen': async ({ servers }, server) => {
    await servers.saveSeen(server.id, server.generation, new Date())
    point('server.record-seen.saved')
    return 'rest'
  },

  'remove-vm': async ({ vms }, server) => {
    await vms.revise({
      server_id: server.id,
      want_power: 'gone',
      want_reboots_soft: server.want_reboots_soft,
      want_reboots_hard: server.want_reboots_hard,
      spec: null,
      generation: server.generation,
      request_id: server.request_id,
    })
    point('server.remove-vm.saved')
    return 'wait'
  },

  'release-ports': async ({ network, servers }, server) => {
    await releasePorts(network, server)
    point('server.release-ports.released')
    await servers.savePorts(server.id, [])
    return 'again'
  },

  'forget-server': async ({ servers }, server) => {
    await servers.forget(server.id)
    point('server.forget.gone')
    return 'rest'
  },

  rest: async () => 'rest',
}

/**
 * The network service's "no" (no free address, quota, the network is gone) will not become a yes by asking again;
 * its 5xx and silence may.
 */
async function orFault(
  { servers }: Pick<ReconcileDeps, 'servers'>,
  server: ServerRow,
  work: () => Promise<Done>,
): Promise<Done> {
  try {
    return await work()
  } catch (error) {
    const final = error instanceof RemoteError && [400, 403, 404, 409].includes(error.status)
    if (!final) throw error
    await servers.saveFault(server.id, server.generation, {
      code: 500,
      message: `The network of the server could not be made: ${error.message}`,
      at: new Date().toISOString(),
    })
    return 'rest'
  }
}
