import type { StateAndReason } from '@caelum/libvirt'
import type { OffReason, SeenDomain } from '../driver.ts'

const OFF_REASONS: Partial<Record<NonNullable<StateAndReason['shutoffReason']>, OffReason>> = {
  shutdown: 'guest',
  destroyed: 'host',
  crashed: 'crashed',
  failed: 'failed',
}

/** A guest that sleeps or is shutting down still holds its memory and its NICs: for us it runs. */
export const powerOf = ({
  state,
  shutoffReason,
}: StateAndReason): Pick<SeenDomain, 'power' | 'off_reason'> => {
  switch (state) {
    case 'running':
    case 'blocked':
    case 'shutdown':
    case 'pmsuspended':
      return { power: 'running', off_reason: null }
    case 'paused':
      return { power: 'paused', off_reason: null }
    case 'crashed':
      return { power: 'crashed', off_reason: 'crashed' }
    case 'shutoff':
    case 'nostate': {
      const off_reason = (shutoffReason && OFF_REASONS[shutoffReason]) ?? null
      return { power: off_reason === 'crashed' ? 'crashed' : 'stopped', off_reason }
    }
  }
}

export const isOff = (power: SeenDomain['power']): boolean => power === 'stopped' || power === 'crashed'
