import type { SeenVm, WantedVm } from '@caelum/agent-protocol'
import { DriverFault, type SeenDomain } from '../hypervisor/driver.ts'
import { ImageFault } from '../image-cache/fault.ts'
import { NetworkFault } from '../network/fault.ts'
import { type Step, wentOffByItself } from './state.ts'

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
 * The facts of one vm for a report.
 *
 * The generation is the one these facts answer: the one of the stored definition, and the wanted one when the agent is
 * done with it: when everything asked for is true, or when a permanent fault says that it never will be. It never goes
 * down (`answered` is the highest told before), because compute refuses facts older than those it has.
 */
export function factsOf(
  want: WantedVm,
  seen: SeenDomain | null,
  step: Step['do'],
  fault: Fault | null,
  answered = 0,
): SeenVm {
  const done = fault ? fault.permanent : step === 'rest'
  const marked = Math.min(seen?.generation ?? 0, step === 'refuse' ? want.generation - 1 : want.generation)
  return {
    id: want.id,
    generation: done ? want.generation : Math.max(answered, marked),
    power: want.power === 'gone' && step === 'rest' ? 'gone' : (seen?.power ?? 'absent'),
    guest_off: step === 'rest' && wentOffByItself(want, seen),
    reboots_soft: seen?.reboots.soft ?? 0,
    reboots_hard: seen?.reboots.hard ?? 0,
    step: step in STEP_NAMES ? STEP_NAMES[step as keyof typeof STEP_NAMES] : (step as SeenVm['step']),
    fault,
  }
}
