/** A stand-in for the agent, made to be killed: climbs the ladder with the given vms and removes them, for ever. */
import { readFile } from 'node:fs/promises'
import type { WantedVm } from '@caelum/agent-protocol'
import { silentLogger } from '@caelum/kernel'
import type { CachedImage, HypervisorDriver } from '../../src/hypervisor/driver.ts'
import { LibvirtDriver, type LibvirtDriverOptions } from '../../src/hypervisor/libvirt/driver.ts'
import { SimDriver } from '../../src/hypervisor/sim/driver.ts'
import { climb } from './world.ts'

export type WalkPlan = { vms: WantedVm[]; image: CachedImage; dataDir: string } & (
  | { kind: 'sim' }
  | ({ kind: 'libvirt' } & Pick<LibvirtDriverOptions, 'socketPath' | 'ovsdb'>)
)

const plan = JSON.parse(await readFile(process.argv[2] ?? '', 'utf8')) as WalkPlan
const driver: HypervisorDriver =
  plan.kind === 'sim'
    ? new SimDriver({ ...plan, log: silentLogger })
    : new LibvirtDriver({ ...plan, acceleration: 'tcg', log: silentLogger })
await driver.open(10_000)
process.stdout.write('walking\n')
for (;;) {
  await Promise.all(plan.vms.map(vm => climb(driver, vm, plan.image)))
  await Promise.all(plan.vms.map(vm => driver.remove(vm.id)))
}
