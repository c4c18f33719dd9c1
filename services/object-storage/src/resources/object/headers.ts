/** What a request says of an object, in its headers. Pure. */
import type { IncomingHttpHeaders } from 'node:http'
import { errors } from '../../errors.ts'
import { fromHeader, type Metadata, metadataOf, toHeader } from '../../metadata.ts'

/** Kept and given back as they came (swift/obj/server.py, `allowed_headers`). */
const KEPT = [
  'content-disposition',
  'content-encoding',
  'content-language',
  'cache-control',
  'expires',
  'x-robots-tag',
]

export interface ObjectWords {
  content_type: string | undefined
  headers: Metadata
  metadata: Metadata
  delete_at: Date | null
}

/** @throws Problem 400 */
export function wordsOf(headers: IncomingHttpHeaders, now: Date): ObjectWords {
  const kept = KEPT.flatMap(name => {
    const value = headers[name]
    return value === undefined || value === '' ? [] : [[name, fromHeader(String(value))]]
  })
  const type = headers['content-type']
  return {
    content_type: type === undefined ? undefined : fromHeader(type),
    headers: Object.fromEntries(kept),
    metadata: metadataOf('object', headers).set,
    delete_at: deleteAt(headers, now),
  }
}

/** swift/common/constraints.py, check_delete_headers: `X-Delete-After` in seconds wins over `X-Delete-At`. */
function deleteAt(headers: IncomingHttpHeaders, now: Date): Date | null {
  const seconds = now.getTime() / 1_000
  for (const [header, name, base] of [
    ['x-delete-after', 'X-Delete-After', seconds],
    ['x-delete-at', 'X-Delete-At', 0],
  ] as const) {
    const value = headers[header]
    if (value === undefined || value === '') continue
    if (!/^-?\d{1,10}$/.test(String(value))) throw errors.badRequest(`Non-integer ${name}`)
    const at = Math.floor(base + Number(value))
    if (at <= seconds) throw errors.badRequest(`${name} in past`)
    return new Date(Math.min(at, 9_999_999_999) * 1_000)
  }
  return null
}

export const keptHeaders = (headers: Metadata): Record<string, string> =>
  Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, toHeader(value)]))
