/**
 * Ids are made by the service that owns the row, never by the database, so that a repeated step can name what it
 * made before. UUIDv7 for rows (they sort by time, which keeps indexes and keyset paging happy), UUIDv5 for children
 * whose id must be derivable from their parent's.
 */
import { createHash, randomFillSync } from 'node:crypto'

declare const brand: unique symbol
/** A string that names one kind of thing; `Id<'server'>` does not fit where `Id<'port'>` is asked. */
export type Id<Kind extends string> = string & { readonly [brand]?: Kind }

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i
const HEX = /^[0-9a-f]{32}$/i

export const isUuid = (text: string): boolean => UUID.test(text) || HEX.test(text)

const format = (b: Buffer): string => {
  const h = b.toString('hex')
  return `${h.slice(0, 8)}-${h.slice(8, 12)}-${h.slice(12, 16)}-${h.slice(16, 20)}-${h.slice(20, 32)}`
}

let lastMs = 0
let counter = 0

/** A UUIDv7 (RFC 9562), increasing within this process even inside one millisecond. */
export function newId<Kind extends string>(): Id<Kind> {
  const now = Date.now()
  counter = now > lastMs ? 0 : counter + 1
  lastMs = Math.max(now, lastMs)
  if (counter > 0xfff) {
    lastMs += 1
    counter = 0
  }
  const b = Buffer.allocUnsafe(16)
  randomFillSync(b, 8, 8)
  b.writeUIntBE(lastMs, 0, 6)
  b.writeUInt16BE(0x7000 | counter, 6)
  b[8] = (b[8]! & 0x3f) | 0x80
  return format(b)
}

/** No UUIDv7 made at this time (ms since 1970) or later sorts before this text, and none made earlier after it. */
export function firstIdAt(ms: number): string {
  const digits = Math.max(0, ms).toString(16).padStart(12, '0')
  return `${digits.slice(0, 8)}-${digits.slice(8)}`
}

/** A UUIDv5 of `name` within the namespace of `parent`: the same answer every time. */
export function childId<Kind extends string>(parent: string, name: string): Id<Kind> {
  const b = createHash('sha1')
    .update(Buffer.from(parent.replaceAll('-', ''), 'hex'))
    .update(name)
    .digest()
    .subarray(0, 16)
  b[6] = (b[6]! & 0x0f) | 0x50
  b[8] = (b[8]! & 0x3f) | 0x80
  return format(b)
}

/** The 32-digit form without dashes, which Keystone uses for projects, users and roles. */
export const hex = (id: string): string => id.replaceAll('-', '')

/** `newId` in the 32-digit form. */
export const newHexId = <Kind extends string>(): Id<Kind> => hex(newId())
