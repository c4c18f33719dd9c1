/**
 * What the loop needs of the host's networking. Two drivers: Open vSwitch with OVN, and none (simulated hosts).
 *
 * Like everything here it is told the level, not the change: `want` replaces what was wanted before, and the driver
 * makes the host so by itself, again and again, also after Open vSwitch was wiped or the host was rebooted.
 */
import type { WantedVm } from '@caelum/agent-protocol'

export interface HostNetwork {
  /** Begins to work; resolves without waiting for the switch. */
  open(): Promise<void>
  /** Ends the work. Ports, namespaces and guests stay as they are. Safe twice. */
  close(): Promise<void>
  /** All vms that have a place on this host now, and those of them whose guests are on. Returns at once. */
  want(vms: readonly WantedVm[], on: ReadonlySet<string>): void
  /**
   * The same from memory, before compute has said what is wanted now: what these vms need is made and mended, and
   * nothing is taken away for want of being among them. Counts until the first `want`. Returns at once.
   */
  recall(vms: readonly WantedVm[], on: ReadonlySet<string>): void
  /**
   * After: the integration bridge and the metadata networks of this vm's NICs are there.
   * @throws NetworkFault
   */
  ensure(vm: WantedVm): Promise<void>
}

/** Hosts that have no network of their own: no privileges needed, nothing is made. */
export const noNetwork: HostNetwork = {
  open: () => Promise.resolve(),
  close: () => Promise.resolve(),
  want: () => undefined,
  recall: () => undefined,
  ensure: () => Promise.resolve(),
}
