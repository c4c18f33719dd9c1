/**
 * The code of each step. Everything here looks before it acts (that is what the driver's verbs promise), so it may be
 * killed anywhere and run again. Steps that only wait (an image on its way, a guest shutting down) end when `signal`
 * says that something else is wanted meanwhile; the others take a slot, so that a host is not overrun.
 */
import type { WantedVm } from '@caelum/agent-protocol'
import { point } from '@caelum/reconcile/crash'
import { DriverFault, type HypervisorDriver } from '../hypervisor/driver.ts'
import type { ImageCache } from '../image-cache/cache.ts'
import type { HostNetwork } from '../network/host-network.ts'
import type { Slots } from '../slots.ts'
import type { Climbed, Step } from './state.ts'

export interface Hands {
  driver: HypervisorDriver
  images: Pick<ImageCache, 'ensure'>
  network: HostNetwork
  slots: Slots
  /** how long a guest may take to shut down or reboot by itself, ms */
  graceMs: number
}

/**
 * Makes one step true.
 * @returns what `list` cannot show of it
 * @throws DriverFault, ImageFault, NetworkFault; the signal's reason when interrupted
 */
export async function perform(
  step: Step,
  want: WantedVm,
  climbed: Climbed,
  hands: Hands,
  signal: AbortSignal,
): Promise<Climbed> {
  if (step.do === 'rest') return climbed
  point(`agent.vm.${step.do}.before`)
  const result = await act(step, want, climbed, hands, signal)
  point(`agent.vm.${step.do}.after`)
  return { ...climbed, ...result }
}

async function act(
  step: Exclude<Step, { do: 'rest' }>,
  want: WantedVm,
  climbed: Climbed,
  { driver, images, network, slots, graceMs }: Hands,
  signal: AbortSignal,
): Promise<Climbed> {
  switch (step.do) {
    case 'image': {
      const { image } = want.disk
      return { image: image && (await images.ensure(image, signal)) }
    }
    case 'disk':
      await slots.run(() => driver.ensureDisk(want, climbed.image ?? null))
      return {}
    case 'nics':
      await slots.run(async () => {
        await network.ensure(want)
        await driver.ensureNics(want)
      })
      return {}
    case 'define':
      await slots.run(() => driver.define(want, step.reboots))
      return {}
    case 'start':
      await slots.run(() => driver.start(want.id))
      return {}
    case 'stop':
      await driver.stop(want.id, { grace_ms: step.ask ? graceMs : 0, signal })
      return {}
    case 'reset':
      await slots.run(() => driver.stop(want.id, { grace_ms: 0 }))
      return {}
    case 'reboot': {
      const soft = await driver.rebootSoft!(want.id, { grace_ms: graceMs, signal })
      return { soft }
    }
    case 'remove':
      await slots.run(() => driver.remove(want.id))
      return {}
    case 'refuse':
      throw new DriverFault(
        'stale-generation',
        `the domain answers a newer generation than ${want.generation}, the one wanted of this host`,
      )
  }
}
