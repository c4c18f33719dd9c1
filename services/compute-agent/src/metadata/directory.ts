/**
 * Who asks: the network on whose metadata port the question came in, and the address it came from, name one vm. OVN
 * lets no guest send from an address that is not its own, and a metadata port only hears guests of its own network on
 * this host; the same address on another network is another vm. Nothing that the guest says (headers) counts.
 */
import type { WantedVm } from '@caelum/agent-protocol'

export class Directory {
  #vms: readonly WantedVm[] = []
  /** network id → address → vm; null until somebody asks */
  #byNetwork: Map<string, Map<string, WantedVm>> | null = null

  /** Replaces the content. */
  fill(vms: readonly WantedVm[]): void {
    this.#vms = vms
    this.#byNetwork = null
  }

  find(networkId: string, address: string): WantedVm | undefined {
    this.#byNetwork ??= index(this.#vms)
    return this.#byNetwork.get(networkId)?.get(address.replace(/^::ffff:/, ''))
  }
}

function index(vms: readonly WantedVm[]): Map<string, Map<string, WantedVm>> {
  const byNetwork = new Map<string, Map<string, WantedVm>>()
  for (const vm of vms)
    for (const nic of vm.nics) {
      const byAddress = byNetwork.get(nic.network_id) ?? new Map<string, WantedVm>()
      byNetwork.set(nic.network_id, byAddress)
      for (const { address } of nic.fixed_ips) byAddress.set(address, vm)
    }
  return byNetwork
}
