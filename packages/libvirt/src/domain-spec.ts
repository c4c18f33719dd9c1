/**
 * The guest definitions we write, and only those: one disk, one serial console to a file, NICs on an Open vSwitch
 * bridge, and our mark. `render` and `parse` are inverse to each other on every spec; `parse` also reads back what
 * libvirt made of a definition (addresses, aliases and controllers added).
 */

/** Namespace of the mark in `<metadata>`. What does not carry it is not ours. */
export const MARK_NAMESPACE = 'https://caelum.example/ns/1'

export interface DomainMark {
  server: string
  generation: number
  reboots_soft: number
  reboots_hard: number
}

export interface NicSpec {
  mac: string
  bridge: string
  /** becomes `external_ids:iface-id` of the OVS interface */
  port_id: string
  /** name of the tap device; at most 15 characters */
  tap: string
  mtu: number
}

export interface DomainSpec {
  uuid: string
  name: string
  mark: DomainMark
  acceleration: 'kvm' | 'tcg'
  /** e.g. `q35`, `pc`; libvirt stores the versioned name that it resolves to */
  machine: string
  vcpus: number
  memory_mb: number
  disk: { path: string; format: 'qcow2' | 'raw' }
  nics: NicSpec[]
  /** everything the guest writes to its first serial port is appended here */
  console_path: string
}
