import type { WantedVm } from '@caelum/agent-protocol'
import { childId, newId } from '@caelum/kernel'
import type { CachedImage, HypervisorDriver } from '../../src/hypervisor/driver.ts'

/** A host on which drivers are tried out, and the accidents that can happen to it. */
export interface World {
  /** a new driver object, as a restarted agent makes it; earlier ones are closed first */
  restartAgent(): Promise<HypervisorDriver>
  /** guests of this image obey the power button */
  obedient: CachedImage
  other: CachedImage
  /** guests of this image do not, until `allObedient` */
  deaf(): Promise<CachedImage>
  allObedient(): Promise<void>
  /** what a guest writes to its console at every boot */
  bootLine: RegExp
  nics: WantedVm['nics']
  /** makes a running domain of somebody else */
  addForeign(): Promise<{ id: string; isUntouched(): Promise<boolean> }>
  /** a running guest of an obedient image shuts itself down */
  powerOff(id: string): Promise<void>
  /** the guest's process dies */
  killGuest(id: string): Promise<void>
  hypervisorAway(): Promise<void>
  hypervisorBack(): Promise<void>
  /** power failure of the host; definitions stay */
  rebootHost(): Promise<void>
  /** starts a process of its own with a driver on this host, running `walk.ts` on these vms for ever */
  walkCommand(vms: WantedVm[]): { command: string; args: string[] }
  close(): Promise<void>
}

export const wantedVm = (world: World, change: Partial<WantedVm> = {}): WantedVm => {
  const id = newId()
  return {
    id,
    server_id: newId(),
    generation: 1,
    revision: 1,
    power: 'running',
    reboots_soft: 0,
    reboots_hard: 0,
    vcpus: 1,
    ram_mb: 64,
    disk: { image: { id: newId(), sha512: '00', size_bytes: 1 << 20, format: 'raw' }, size_gb: 0 },
    nics: world.nics.map((nic, index) => ({ ...nic, port_id: childId(id, `port ${index}`) })),
    metadata: {
      name: 'vm',
      hostname: 'vm',
      project_id: 'p',
      availability_zone: 'nova',
      launch_index: 0,
      meta: {},
      keys: [],
      user_data: null,
    },
    request_id: null,
    ...change,
  }
}

export const NO_REBOOTS = { soft: 0, hard: 0 }

/** The ladder, as the agent's loop climbs it. */
export const climb = async (driver: HypervisorDriver, vm: WantedVm, image: CachedImage): Promise<void> => {
  await driver.ensureDisk(vm, image)
  await driver.ensureNics(vm)
  await driver.define(vm, NO_REBOOTS)
  await driver.start(vm.id)
}
