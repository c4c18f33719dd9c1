import { ensureGuestImage, type GuestImage } from '@caelum/lab'
import { ROOT } from '../cloud/node-program.ts'

/** The guest that demo, tests and people boot; shared by all clouds of this checkout, and outlives them. */
export const guestImage = (): Promise<GuestImage> => ensureGuestImage(`${ROOT}.caelum-cache/images`)
