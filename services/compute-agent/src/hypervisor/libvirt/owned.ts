/**
 * Which of libvirt's domains are ours, decided by the mark in their metadata alone. A domain may vanish between two
 * calls; then it is as if it had never been listed.
 */
import {
  AFFECT_CONFIG,
  AFFECT_CURRENT,
  type DomainMark,
  type DomainRef,
  type Libvirt,
  MARK_NAMESPACE,
  parseMark,
} from '@caelum/libvirt'
import type { SeenDomain } from '../driver.ts'
import { DriverFault } from '../fault.ts'
import { isLibvirt } from './faults.ts'
import { powerOf } from './power.ts'

export interface Owned {
  domain: DomainRef
  mark: DomainMark
  /** it runs, but its definition is gone: undefined by hand, or while an orphaned start was under way */
  transient: boolean
}

const readMark = async (look: Libvirt, domain: DomainRef, flags: number): Promise<DomainMark | null> => {
  try {
    return parseMark(await look.metadata(domain, MARK_NAMESPACE, flags))
  } catch (error) {
    if (isLibvirt(error, 'NO_DOMAIN_METADATA', 'NO_DOMAIN')) return null
    throw error
  }
}

/** null for strangers. */
const ownedBy = async (look: Libvirt, domain: DomainRef): Promise<Owned | null> => {
  try {
    const mark = await readMark(look, domain, AFFECT_CONFIG)
    return mark && { domain, mark, transient: false }
  } catch (error) {
    // "transient domains do not have any persistent config"
    if (!isLibvirt(error, 'OPERATION_INVALID')) throw error
    const mark = await readMark(look, domain, AFFECT_CURRENT)
    return mark && { domain, mark, transient: true }
  }
}

/** null when there is none; `foreign-domain` when the id belongs to a stranger. */
export const findOwned = async (look: Libvirt, id: string): Promise<Owned | null> => {
  try {
    const domain = await look.lookup(id)
    const owned = await ownedBy(look, domain)
    if (owned) return owned
    await look.lookup(id) // still there? it may have vanished before its mark was read
    throw new DriverFault('foreign-domain', `domain ${domain.name} has id ${id} and is not ours`, {
      permanent: true,
    })
  } catch (error) {
    if (isLibvirt(error, 'NO_DOMAIN')) return null
    throw error
  }
}

/** null for strangers. Generation 0 where the definition is gone, so that it is defined again. */
export const seeDomain = async (look: Libvirt, domain: DomainRef): Promise<SeenDomain | null> => {
  try {
    const [owned, state] = await Promise.all([ownedBy(look, domain), look.state(domain)])
    if (!owned) return null
    return {
      id: domain.uuid,
      server_id: owned.mark.server,
      generation: owned.transient ? 0 : owned.mark.generation,
      reboots: { soft: owned.mark.reboots_soft, hard: owned.mark.reboots_hard },
      ...powerOf(state),
    }
  } catch (error) {
    if (isLibvirt(error, 'NO_DOMAIN')) return null
    throw error
  }
}
