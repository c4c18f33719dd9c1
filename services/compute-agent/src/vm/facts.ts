import type { SeenVm, WantedVm } from '@caelum/agent-protocol'
import { DriverFault, type SeenDomain } from '../hypervisor/driver.ts'
import { ImageFault } from '../image-cache/fault.ts'
import { NetworkFault } from '../network/fault.ts'
import type { Step } from './state.ts'

export interface Fault {
  code: string
  message: string
  permanent: boolean
}

/** What a step threw, as a fact for the report. An exception nobody planned for is a reason to try again. */
export function faultOf(error: unknown): Fault {
  if (error instanceof DriverFault || error instanceof ImageFault || error instanceof NetworkFault) {
    const { code, message, permanent } = error
    return { code, message, permanent }
  }
  return { code: 'failed', message: error instanceof Error ? error.message : String(error), permanent: false }
}

const STEP_NAMES = { refuse: null, rest: null, reset: 'reboot' } as const

/**
 * The facts of one vm for a report. The generation equals the wanted one only when the agent is done with it: when
 * everything asked for is true, or when a permanent fault says that it never will be. Until then it stays below.
 */
export function factsOf(
  want: WantedVm,
  seen: SeenDomain | null,
  step: Step['do'],
  fault: Fault | null,
): SeenVm {
  const done = step === 'rest' || fault?.permanent === true
  return {
    id: want.id,
    generation: done ? want.generation : Math.min(seen?.generation ?? 0, want.generation - 1),
    power: want.power === 'gone' && step === 'rest' ? 'gone' : (seen?.power ?? 'absent'),
    reboots_soft: seen?.reboots.soft ?? 0,
    reboots_hard: seen?.reboots.hard ?? 0,
    step: step in STEP_NAMES ? STEP_NAMES[step as keyof typeof STEP_NAMES] : (step as SeenVm['step']),
    fault,
  }
}
