/** Where "now" comes from; a test hands in one that it moves itself. */
export interface Clock {
  now(): Date
}

export const systemClock: Clock = { now: () => new Date() }

/** ISO 8601 in UTC to the second, `2026-01-31T12:00:00Z`: the form of Nova, Glance and Neutron. */
export const isoSeconds = (at: Date): string => `${at.toISOString().slice(0, 19)}Z`

/** ISO 8601 with six digits, `2026-01-31T12:00:00.000000Z`: the form of Keystone. */
export const isoMicros = (at: Date): string => `${at.toISOString().slice(0, 23)}000Z`
