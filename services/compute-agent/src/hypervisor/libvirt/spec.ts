import type { WantedVm } from '@caelum/agent-protocol'
import type { DomainSpec } from '@caelum/libvirt'
import { tapOf } from '../../network/names.ts'
import type { Reboots } from '../driver.ts'

/** under TCG q35 boots a guest with as little CPU time as pc (6.8 against 6.6 s, within the noise); pc is the past */
const MACHINE = 'q35'
const NAME_PREFIX = 'caelum-'

/**
 * `caelum-` and the last 12 digits of the id: the random end of a UUIDv7, whose beginning is the time and the same for
 * all vms of a minute.
 */
export const domainName = (id: string): string => `${NAME_PREFIX}${id.slice(-12)}`

/** Only to save looks at events of strangers; what is ours is decided by the mark. */
export const mayBeOurs = (name: string): boolean => name.startsWith(NAME_PREFIX)

export interface Places {
  acceleration: 'kvm' | 'tcg'
  bridge: string
  diskPath: string
  consolePath: string
}

export const specOf = (vm: WantedVm, reboots: Reboots, places: Places): DomainSpec => ({
  uuid: vm.id,
  name: domainName(vm.id),
  mark: {
    server: vm.server_id,
    generation: vm.generation,
    reboots_soft: reboots.soft,
    reboots_hard: reboots.hard,
  },
  acceleration: places.acceleration,
  machine: MACHINE,
  vcpus: vm.vcpus,
  memory_mb: vm.ram_mb,
  disk: { path: places.diskPath, format: 'qcow2' },
  nics: vm.nics.map(nic => ({
    mac: nic.mac,
    bridge: places.bridge,
    port_id: nic.port_id,
    tap: tapOf(nic.port_id),
    mtu: nic.mtu,
  })),
  console_path: places.consolePath,
})
