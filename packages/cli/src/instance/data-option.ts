import { ROOT } from '../cloud/node-program.ts'
import { type Location, locate } from './location.ts'

/** `--data DIR`, for every command that speaks of an instance; else $CAELUM_DATA, else `.caelum` beside the program. */
export const DATA_OPTION = { data: { type: 'string' } } as const

export const locationFrom = (data: string | undefined): Location =>
  locate(data ?? (process.env['CAELUM_DATA'] || `${ROOT}.caelum`))
