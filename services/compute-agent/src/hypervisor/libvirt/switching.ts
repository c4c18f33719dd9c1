/** Switching a guest on and off, and waiting for what the guest itself must do. */
import {
  type DomainRef,
  REBOOT_ACPI_POWER_BUTTON,
  SHUTDOWN_ACPI_POWER_BUTTON,
  START_FORCE_BOOT,
} from '@caelum/libvirt'
import type { SeenDomain, StopOptions } from '../driver.ts'
import { isLibvirt } from './faults.ts'
import { isOff, powerOf } from './power.ts'
import type { Pair, Session } from './session.ts'

/** how often the level is looked at; the event usually comes first */
const POLL_MS = 250
/** a guest that is still booting ignores the button, so it is pressed again */
const PRESS_AGAIN_MS = 5_000

/** A domain that is not there any more is off. */
const powerNow = async ({ look }: Pair, domain: DomainRef): Promise<SeenDomain['power']> => {
  try {
    return powerOf(await look.state(domain)).power
  } catch (error) {
    if (isLibvirt(error, 'NO_DOMAIN')) return 'absent'
    throw error
  }
}

const isOffOrGone = (power: SeenDomain['power']): boolean => power === 'absent' || isOff(power)

/** After: it runs. */
export const switchOn = async (pair: Pair, domain: DomainRef): Promise<void> => {
  const power = await powerNow(pair, domain)
  if (power === 'running') return
  try {
    if (power === 'paused') await pair.work.resume(domain)
    else await pair.work.create(domain, START_FORCE_BOOT)
  } catch (error) {
    // an earlier start, which outlived its agent, came first
    if (isLibvirt(error, 'OPERATION_INVALID') && (await powerNow(pair, domain)) === 'running') return
    throw error
  }
}

/** After: it is off, at once. */
export const switchOff = async (pair: Pair, domain: DomainRef): Promise<void> => {
  try {
    await pair.work.destroy(domain)
  } catch (error) {
    if (isLibvirt(error, 'NO_DOMAIN')) return
    if (isLibvirt(error, 'OPERATION_INVALID') && isOffOrGone(await powerNow(pair, domain))) return
    throw error
  }
}

/** Presses the power button and waits. @returns whether the guest went off by itself */
export const shutDown = async (
  session: Session,
  domain: DomainRef,
  { grace_ms, signal }: StopOptions,
): Promise<boolean> => {
  const pair = session.get()
  const deadline = performance.now() + grace_ms
  let pressAt = performance.now()
  for (;;) {
    signal?.throwIfAborted()
    const power = await powerNow(pair, domain)
    if (isOffOrGone(power)) return true
    const now = performance.now()
    if (power === 'paused' || now >= deadline) return false
    if (now >= pressAt) {
      pressAt = now + PRESS_AGAIN_MS
      try {
        await pair.work.shutdown(domain, SHUTDOWN_ACPI_POWER_BUTTON)
      } catch (error) {
        if (!isLibvirt(error, 'OPERATION_INVALID')) throw error
      }
    }
    await session.nextEvent(domain.uuid, Math.min(POLL_MS, deadline - now), signal)
  }
}

/** Presses the reset of the guest's own making: shut down, then on again within the same QEMU. */
export const rebootByGuest = async (
  session: Session,
  domain: DomainRef,
  { grace_ms, signal }: StopOptions,
): Promise<'rebooted' | 'ignored'> => {
  const pair = session.get()
  if ((await powerNow(pair, domain)) !== 'running') return 'ignored'
  let rebooted = false
  const off = session.onEvent(event => {
    if (event?.uuid === domain.uuid && event.what === 'reboot') rebooted = true
  })
  try {
    const deadline = performance.now() + grace_ms
    let pressAt = 0
    while (!rebooted) {
      const now = performance.now()
      if (now >= deadline || (await powerNow(pair, domain)) !== 'running') break
      if (now >= pressAt) {
        pressAt = now + PRESS_AGAIN_MS
        await pair.work.reboot(domain, REBOOT_ACPI_POWER_BUTTON)
      }
      await session.nextEvent(domain.uuid, Math.min(POLL_MS, deadline - now), signal)
    }
  } finally {
    off()
  }
  return rebooted ? 'rebooted' : 'ignored'
}
