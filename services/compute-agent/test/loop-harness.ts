import type { WantedVm } from '@caelum/agent-protocol'
import { silentLogger } from '@caelum/kernel'
import { eventually } from '@caelum/testkit'
import { afterEach, beforeEach, expect } from 'vitest'
import { noNetwork } from '../src/network/host-network.ts'
import { Slots } from '../src/slots.ts'
import { VmLoop } from '../src/vm/loop.ts'
import { FakeDriver } from './fake-driver.ts'

export const IMAGE = { id: 'image', sha512: 'aa', size_bytes: 1, format: 'qcow2' as const }

export interface LoopKnobs {
  graceMs?: number
  pauseMs?: () => number
  lookEveryMs?: number
}

/** A loop over a hypervisor in memory; a new pair for every test. */
export class LoopHarness {
  driver = new FakeDriver()
  vms: VmLoop
  /** thrown by the next fetches of an image */
  imageFaults: Error[] = []
  /** when the image is there */
  imageArrives: Promise<void> = Promise.resolve()
  #revision = 0

  constructor() {
    this.vms = this.#start({})
  }

  /** The agent ends and begins anew; the hypervisor stays as it is. */
  async restart(knobs: LoopKnobs = {}): Promise<void> {
    await this.vms.close()
    this.vms = this.#start(knobs)
  }

  /** changes */
  want(...vms: WantedVm[]): void {
    this.vms.want({ revision: ++this.#revision, full: false, vms, asks: [] })
  }

  /** the whole picture */
  wantAll(...vms: WantedVm[]): void {
    this.vms.want({ revision: ++this.#revision, full: true, vms, asks: [] })
  }

  settled(vm: WantedVm) {
    return eventually(() => {
      const facts = this.vms.facts(vm.id)
      expect(facts).toMatchObject({ generation: vm.generation, step: null, fault: null })
      return facts!
    })
  }

  #start({ graceMs = 0, pauseMs = () => 1, lookEveryMs = 3_600_000 }: LoopKnobs): VmLoop {
    const loop = new VmLoop({
      driver: this.driver,
      images: {
        ensure: async (image, signal) => {
          const fault = this.imageFaults.shift()
          if (fault) throw fault
          const givesUp = new Promise((_, reject) => {
            signal.addEventListener('abort', () => reject(signal.reason))
          })
          await Promise.race([this.imageArrives, givesUp])
          return { path: `/images/${image.id}`, format: image.format }
        },
      },
      network: noNetwork,
      slots: new Slots(4),
      graceMs,
      log: silentLogger,
      onNews: () => undefined,
      pauseMs,
      lookEveryMs,
    })
    loop.start()
    return loop
  }
}

/** `current()` is the harness of the running test. */
export function loopHarness(): () => LoopHarness {
  let harness: LoopHarness
  beforeEach(() => {
    harness = new LoopHarness()
  })
  afterEach(async () => {
    await harness.vms.close()
    expect(harness.driver.violations).toEqual([])
  })
  return () => harness
}
