/** Seconds since 1970 with five digits: `X-Timestamp`. */
export const swiftTimestamp = (at: Date): string => (at.getTime() / 1000).toFixed(5).padStart(16, '0')

/** `2026-01-31T12:00:00.123000`, without a zone: `last_modified` of listings. */
export const listedTime = (at: Date): string => `${at.toISOString().slice(0, 23)}000`

/** An HTTP date, rounded up, so that "modified since then" is not true of the same moment. */
export const httpDate = (at: Date): string => new Date(Math.ceil(at.getTime() / 1000) * 1000).toUTCString()
