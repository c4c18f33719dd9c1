import type { WantedVm } from '@caelum/agent-protocol'
import { tapOf } from './names.ts'
import type { MetadataNetwork } from './wire.ts'

/** Metadata networks that these vms need on this host, by network id. The vm changed last has the last word. */
export function networksOf(vms: readonly WantedVm[]): Map<string, MetadataNetwork> {
  const networks = new Map<string, MetadataNetwork>()
  for (const vm of vms.toSorted((a, b) => a.revision - b.revision))
    for (const { network_id, mtu, metadata } of vm.nics) {
      if (!metadata) continue
      const { port_id, mac, fixed_ips } = metadata
      const addresses = fixed_ips.map(({ address, prefix_length }) => `${address}/${prefix_length}`)
      networks.set(network_id, { network_id, port_id, mac: mac.toLowerCase(), mtu, addresses })
    }
  return networks
}

/** The taps of a vm's NICs with the marks by which OVN knows them: those that libvirt writes. */
export function tapsOf(vm: WantedVm): { device: string; external_ids: Record<string, string> }[] {
  return vm.nics.map(({ port_id, mac }) => ({
    device: tapOf(port_id),
    external_ids: {
      'iface-id': port_id,
      'attached-mac': mac,
      'iface-status': 'active',
      'vm-id': vm.id,
    },
  }))
}
