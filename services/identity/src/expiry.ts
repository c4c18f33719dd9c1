import { errors } from './errors.ts'

const FORM = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?Z?$/

/**
 * When something is to end: ISO 8601 in UTC, with or without a Z, to the microsecond
 * (keystone/common/utils.py, parse_expiration_date).
 *
 * @returns microseconds since 1970
 * @throws Problem 400 when it is no time, or not in the future
 */
export function parseExpiry(text: string, now: Date): number {
  const [, seconds, fraction = ''] = FORM.exec(text) ?? []
  const ms = Date.parse(`${seconds}Z`)
  if (Number.isNaN(ms)) throw errors.notATime(text)
  const micros = ms * 1_000 + Number(fraction.slice(0, 6).padEnd(6, '0'))
  if (micros <= now.getTime() * 1_000) throw errors.alreadyExpired()
  return micros
}

/** `2026-01-31T12:00:00.123456`, without a Z, as Keystone shows when an application credential ends. */
export function isoOfMicros(micros: number): string {
  const seconds = new Date(Math.floor(micros / 1_000)).toISOString().slice(0, 19)
  return `${seconds}.${String(micros % 1_000_000).padStart(6, '0')}`
}
