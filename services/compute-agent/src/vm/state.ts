/**
 * What to do next with one vm: a pure function of what is wanted, what the hypervisor shows, and how far this walk
 * has climbed. No clock, no I/O.
 *
 *   wanted running:  image → disk → nics → define → start → rest
 *   wanted stopped:  stop → image → disk → nics → define → rest
 *   wanted gone:     remove → rest, from every state
 *
 * Rules:
 *  - A domain whose marks (generation, reboot counts) are as wanted has been through image, disk and nics already, so
 *    a running one is left alone. One that is to be started climbs again from the bottom: the steps are cheap when
 *    true, and a file that somebody deleted while the guest was off comes back.
 *  - The marks are the memory. The generation is written by `define`; so is a reboot, as the count of reboots carried
 *    out. A hard reboot is `reset` (off, no grace), `define` with the wanted counts, `start`. Killed before `define`
 *    the old count is found and the guest is reset again, which it does not notice because it is off; killed after
 *    it, the new count is found and the guest is only started. So it is reset once.
 *  - Being off pays every reboot: a guest that boots anew has been rebooted. That is why `define` writes the wanted
 *    counts when the guest is off, and the seen ones while it runs.
 *  - A soft reboot is asked of the guest, then written. Killed in between, the guest is asked a second time: the guest
 *    alone knows whether it rebooted. One that ignores the question is reset.
 *  - A guest that switched itself off is left off: nobody asked for another boot. It counts for the generation that is
 *    defined, and `define` makes the hypervisor forget why a guest was off, so a reason that is there is younger than
 *    the definition. Killed between `define` and `start` nothing tells of the shutdown before, and the guest is started;
 *    killed before the report, the reason is found again. Every newer want that says running starts it. A reason that
 *    the hypervisor has lost (it or the host was restarted) and every other way of going off is an accident: the guest
 *    is started again.
 *  - Older is refused: with marks newer than the want, nothing is touched.
 */
import type { WantedVm } from '@caelum/agent-protocol'
import type { CachedImage, Reboots, SeenDomain } from '../hypervisor/driver.ts'

export type Step =
  | { do: 'rest' }
  | { do: 'image' }
  | { do: 'disk' }
  | { do: 'nics' }
  | { do: 'define'; reboots: Reboots }
  | { do: 'start' }
  /** `ask`: the guest may shut down by itself first */
  | { do: 'stop'; ask: boolean }
  /** the first half of a hard reboot */
  | { do: 'reset' }
  /** a soft reboot */
  | { do: 'reboot' }
  | { do: 'remove' }
  /** the domain answers a newer generation than the one wanted of us */
  | { do: 'refuse' }

/** What this walk has made true and `list` cannot show. Forgotten after a fault and with every new generation. */
export interface Climbed {
  /** undefined: not ensured; null: ensured, there is none */
  image?: CachedImage | null
  disk?: true
  nics?: true
  soft?: 'rebooted' | 'ignored'
  removed?: true
}

const REST: Step = { do: 'rest' }

export const isOn = (seen: SeenDomain | null): boolean =>
  seen?.power === 'running' || seen?.power === 'paused'

/** The guest runs no more of its own will, since what is wanted was defined. */
export const wentOffByItself = (want: WantedVm, seen: SeenDomain | null): boolean =>
  want.power === 'running' && seen?.generation === want.generation && seen.off_reason === 'guest'

export function next(
  want: WantedVm,
  seen: SeenDomain | null,
  climbed: Climbed,
  can: { softReboot: boolean },
): Step {
  if (seen && seen.generation > want.generation) return { do: 'refuse' }
  if (want.power === 'gone') return climbed.removed && !seen ? REST : { do: 'remove' }
  const on = isOn(seen)
  if (want.power === 'stopped' && on) return { do: 'stop', ask: seen?.power === 'running' }
  if (seen && on) {
    const due = rebootDue(want, seen, climbed, can)
    if (due) return { do: due }
  }
  if (wentOffByItself(want, seen)) return REST
  const marks = marksOf(want, seen, climbed)
  const differs =
    !seen ||
    seen.generation !== want.generation ||
    seen.reboots.soft !== marks.soft ||
    seen.reboots.hard !== marks.hard
  const starts = want.power === 'running' && !on
  if (differs || starts) {
    const lower = rung(climbed)
    if (lower) return lower
    if (differs) return { do: 'define', reboots: marks }
  }
  if (want.power === 'running' && seen.power !== 'running') return { do: 'start' }
  return REST
}

/** How the picture looks after a step returned: a verb's promise is as good as another look. */
export function after(
  step: Step,
  want: WantedVm,
  seen: SeenDomain | null,
  climbed: Climbed,
): { seen: SeenDomain | null; climbed: Climbed } {
  switch (step.do) {
    case 'disk':
      return { seen, climbed: { ...climbed, disk: true } }
    case 'nics':
      return { seen, climbed: { ...climbed, nics: true } }
    case 'define': {
      const power = seen && seen.power !== 'absent' ? seen.power : 'stopped'
      const off_reason = seen && seen.off_reason !== 'guest' ? seen.off_reason : null
      const { id, server_id, generation } = want
      return { seen: { id, server_id, generation, reboots: step.reboots, power, off_reason }, climbed }
    }
    case 'start':
      return { seen: seen && { ...seen, power: 'running', off_reason: null }, climbed }
    case 'stop':
    case 'reset':
      return { seen: seen && { ...seen, power: 'stopped' }, climbed: {} }
    case 'remove':
      return { seen: null, climbed: { removed: true } }
    default:
      return { seen, climbed }
  }
}

function rebootDue(
  want: WantedVm,
  seen: SeenDomain,
  climbed: Climbed,
  can: { softReboot: boolean },
): 'reset' | 'reboot' | null {
  if (seen.reboots.hard < want.reboots_hard) return 'reset'
  if (seen.reboots.soft >= want.reboots_soft || climbed.soft === 'rebooted') return null
  return can.softReboot && seen.power === 'running' && climbed.soft !== 'ignored' ? 'reboot' : 'reset'
}

/** The counts that `define` is to write. They never go down. */
function marksOf(want: WantedVm, seen: SeenDomain | null, climbed: Climbed): Reboots {
  const wanted = { soft: want.reboots_soft, hard: want.reboots_hard }
  if (!seen || !isOn(seen)) {
    const had = seen?.reboots ?? wanted
    return { soft: Math.max(wanted.soft, had.soft), hard: Math.max(wanted.hard, had.hard) }
  }
  return climbed.soft === 'rebooted' ? { ...seen.reboots, soft: wanted.soft } : seen.reboots
}

function rung(climbed: Climbed): Step | null {
  if (climbed.image === undefined) return { do: 'image' }
  if (!climbed.disk) return { do: 'disk' }
  return climbed.nics ? null : { do: 'nics' }
}
