/**
 * The host's side of OVN: what ovn-controller does not do. It binds every port whose device we put into the integration
 * bridge with the port's id; devices, namespaces and the metadata service behind them are ours.
 *
 * Per network with a vm here: a namespace with a wire into the bridge (iface-id is the network's metadata port, which
 * OVN has as a `localport` on every host) and a listening socket in it. Removed with the last vm of the network.
 *
 * Taps belong to libvirt, which plugs them when a guest starts. We look after them when the switch lost them: a wiped
 * Open vSwitch gets the taps of running guests back, and a port that outlived a power failure goes.
 *
 * Everything is compared as a whole whenever the want or the switch changes, and every `lookEveryMs`; nothing depends on
 * what this process remembers. The one thing that dies with the process is the listening socket: it is made anew.
 */
import { existsSync } from 'node:fs'
import type { Server, Socket } from 'node:net'
import type { WantedVm } from '@caelum/agent-protocol'
import type { Logger } from '@caelum/kernel'
import { point } from '@caelum/reconcile/crash'
import { Slots } from '../slots.ts'
import { networksOf, tapsOf } from './demand.ts'
import { NetworkFault } from './fault.ts'
import type { HostNetwork } from './host-network.ts'
import { listenInside } from './listen.ts'
import { deviceOf } from './names.ts'
import { IntegrationBridge } from './switch.ts'
import {
  ensureWire,
  listNamespaces,
  type MetadataNetwork,
  namespacePath,
  removeWire,
  wireMark,
} from './wire.ts'

export interface OvnNetworkOptions {
  /** Open vSwitch's database */
  ovsdb: string
  log: Logger
  /** a guest of this network connected to its metadata address */
  onConnection(socket: Socket, networkId: string): void
  lookEveryMs?: number
}

const LISTEN = { address: '169.254.169.254', port: 80 }
/** marks our wires in the switch */
const MARK = 'caelum-metadata'

/** What this process made or verified; `mark` tells whether it is still the same. */
interface Ready {
  mark: string
  wanted: string
  server: Server
}

export class OvnNetwork implements HostNetwork {
  #options: OvnNetworkOptions
  #bridge: IntegrationBridge
  #vms: readonly WantedVm[] | null = null
  #on: ReadonlySet<string> = new Set()
  /** compute has said all that it wants here: only then is what nobody wants taken away */
  #complete = false
  #ready = new Map<string, Ready>()
  #faults = new Map<string, NetworkFault>()
  #work = new Slots(4)
  #running: Promise<void> | null = null
  #again: Promise<void> | null = null
  #timer: NodeJS.Timeout | undefined
  #closed = false
  #told = ''

  constructor(options: OvnNetworkOptions) {
    this.#options = options
    this.#bridge = new IntegrationBridge(options.ovsdb, () => void this.#look())
  }

  async open(): Promise<void> {
    this.#bridge.start()
    this.#timer = setInterval(() => void this.#look(), this.#options.lookEveryMs ?? 10_000)
  }

  async close(): Promise<void> {
    this.#closed = true
    clearInterval(this.#timer)
    await this.#again
    await this.#running
    for (const { server } of this.#ready.values()) server.close()
    this.#ready.clear()
    await this.#bridge.stop()
  }

  want(vms: readonly WantedVm[], on: ReadonlySet<string>): void {
    this.#complete = true
    this.#take(vms, on)
  }

  recall(vms: readonly WantedVm[], on: ReadonlySet<string>): void {
    if (!this.#complete) this.#take(vms, on)
  }

  #take(vms: readonly WantedVm[], on: ReadonlySet<string>): void {
    this.#vms = vms
    this.#on = on
    const told = JSON.stringify([this.#complete, [...networksOf(vms).values()], [...on].sort()])
    if (told === this.#told) return
    this.#told = told
    void this.#look()
  }

  async ensure(vm: WantedVm): Promise<void> {
    this.#bridge.ports()
    const networks = [...networksOf([vm]).keys()]
    const isReady = (id: string) => this.#ready.has(id) && !this.#faults.has(id)
    if (networks.every(isReady)) return
    await this.#look()
    for (const id of networks)
      if (!isReady(id))
        throw this.#faults.get(id) ?? new NetworkFault('network-failed', `network ${id} is not made yet`)
  }

  /** Resolves when a comparison that began after the call is through. Never rejects. */
  #look(): Promise<void> {
    if (this.#again) return this.#again
    const begin = async () => {
      await this.#running
      this.#again = null
      this.#running = this.#compare().catch(error => {
        this.#options.log.warn({ error: (error as Error).message }, 'the host network is not as wanted')
      })
      await this.#running
    }
    this.#again = begin()
    return this.#again
  }

  async #compare(): Promise<void> {
    if (!this.#vms || this.#closed) return
    const wanted = networksOf(this.#vms)
    await Promise.all([...wanted.values()].map(network => this.#work.run(() => this.#ensureNetwork(network))))
    if (this.#complete)
      for (const id of await listNamespaces()) if (!wanted.has(id)) await this.#removeNetwork(id)
    await this.#compareTaps(this.#vms, wanted)
  }

  async #ensureNetwork(network: MetadataNetwork): Promise<void> {
    const { network_id } = network
    const wanted = JSON.stringify(network)
    const ready = this.#ready.get(network_id)
    try {
      if (!ready || ready.wanted !== wanted || ready.mark !== (await wireMark(network_id))) {
        ready?.server.close()
        this.#ready.delete(network_id)
        await ensureWire(network, () => this.#unplug(network_id))
        point('agent.network.wired')
        await this.#listen(network, wanted)
      }
      await this.#bridge.ensurePort(deviceOf(network_id), {
        'iface-id': network.port_id,
        [MARK]: network_id,
      })
      point('agent.network.plugged')
      this.#faults.delete(network_id)
    } catch (error) {
      const fault =
        error instanceof NetworkFault
          ? error
          : new NetworkFault(
              'network-failed',
              `metadata of network ${network_id}: ${(error as Error).message}`,
            )
      if (this.#faults.get(network_id)?.message !== fault.message)
        this.#options.log.warn({ network: network_id, error: fault.message }, 'no metadata on this network')
      this.#faults.set(network_id, fault)
    }
  }

  async #listen({ network_id }: MetadataNetwork, wanted: string): Promise<void> {
    const { onConnection, log } = this.#options
    const server = await listenInside(namespacePath(network_id), LISTEN, socket =>
      onConnection(socket, network_id),
    )
    const mark = (await wireMark(network_id)) ?? ''
    this.#ready.set(network_id, { mark, wanted, server })
    server.on('error', () => this.#ready.delete(network_id))
    log.info({ network: network_id }, 'metadata is served on this network')
  }

  async #removeNetwork(networkId: string): Promise<void> {
    this.#ready.get(networkId)?.server.close()
    this.#ready.delete(networkId)
    this.#faults.delete(networkId)
    await this.#unplug(networkId)
    point('agent.network.unplugged')
    await removeWire(networkId)
    this.#options.log.info({ network: networkId }, 'the last vm of this network is gone from here')
  }

  async #unplug(networkId: string): Promise<void> {
    const port = this.#bridge.ports().get(deviceOf(networkId))
    if (port) await this.#bridge.removePorts([port])
  }

  /** Taps that should be plugged and are not; ports whose device or network is no more. */
  async #compareTaps(vms: readonly WantedVm[], wanted: ReadonlyMap<string, unknown>): Promise<void> {
    const ports = this.#bridge.ports()
    const dead = [...ports.values()].filter(({ external_ids }) => {
      const network = external_ids.get(MARK)
      return network !== undefined && !wanted.has(network)
    })
    for (const vm of vms)
      for (const { device, external_ids } of tapsOf(vm)) {
        const isThere = existsSync(`/sys/class/net/${device}`)
        const port = ports.get(device)
        if (isThere && !port && this.#on.has(vm.id)) {
          await this.#bridge.ensurePort(device, external_ids)
          this.#options.log.warn({ vm: vm.id, device }, 'the switch had lost a running guest: plugged again')
        }
        if (!isThere && port?.external_ids.get('vm-id') === vm.id && !this.#on.has(vm.id)) dead.push(port)
      }
    if (this.#complete) await this.#bridge.removePorts(dead)
  }
}
