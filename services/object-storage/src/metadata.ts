/**
 * User metadata travels as headers: `X-Container-Meta-Colour: red`. Header bytes are UTF-8; Node hands them over, and
 * takes them, as latin1. Names are kept in lower case, with dashes for underscores, as WSGI servers hand them to Swift.
 */
import type { IncomingHttpHeaders } from 'node:http'
import { constraints } from './constraints.ts'
import { errors } from './errors.ts'

export type Metadata = Record<string, string>
export type Kind = 'account' | 'container' | 'object'

/** What a request changes: for accounts and containers an empty value takes the item away, as `X-Remove-...` does. */
export interface MetadataChange {
  set: Metadata
  remove: string[]
}

/** @throws Problem 400 for names and values that are too long, or no UTF-8 */
export function metadataOf(kind: Kind, headers: IncomingHttpHeaders): MetadataChange {
  const change: MetadataChange = { set: {}, remove: [] }
  const [meta, removal] = [`x-${kind}-meta-`, `x-remove-${kind}-meta-`]
  for (const [written, raw] of Object.entries(headers)) {
    const header = written.replaceAll('_', '-')
    if (header.startsWith(removal)) change.remove.push(header.slice(removal.length))
    if (!header.startsWith(meta)) continue
    const name = header.slice(meta.length)
    const value = fromHeader(String(raw))
    if (name === '') throw errors.badRequest('Metadata name cannot be empty')
    if (name.length > constraints.max_meta_name_length)
      throw errors.badRequest(`Metadata name too long: ${meta}${name}`)
    if (Buffer.byteLength(value) > constraints.max_meta_value_length)
      throw errors.badRequest(
        `Metadata value longer than ${constraints.max_meta_value_length}: ${meta}${name}`,
      )
    if (value === '' && kind !== 'object') change.remove.push(name)
    else change.set[name] = value
  }
  checkTotal(change.set)
  return change
}

/** @throws Problem 400 when there would be too much of it */
export function changedMetadata(metadata: Metadata, { set, remove }: MetadataChange): Metadata {
  const left = Object.entries(metadata).filter(([name]) => !remove.includes(name))
  const result = { ...Object.fromEntries(left), ...set }
  checkTotal(result)
  return result
}

function checkTotal(metadata: Metadata): void {
  const entries = Object.entries(metadata)
  if (entries.length > constraints.max_meta_count)
    throw errors.badRequest(`Too many metadata items; max ${constraints.max_meta_count}`)
  const size = entries.reduce((sum, [name, value]) => sum + name.length + Buffer.byteLength(value), 0)
  if (size > constraints.max_meta_overall_size)
    throw errors.badRequest(`Total metadata too large; max ${constraints.max_meta_overall_size}`)
}

export const metadataHeaders = (kind: Kind, metadata: Metadata): Record<string, string> =>
  Object.fromEntries(
    Object.entries(metadata).map(([name, value]) => [`x-${kind}-meta-${name}`, toHeader(value)]),
  )

/** @throws Problem 400 when the bytes are no UTF-8 */
export function fromHeader(value: string): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(Buffer.from(value, 'latin1'))
  } catch {
    throw errors.badRequest('Metadata must be valid UTF-8')
  }
}

export const toHeader = (value: string): string => Buffer.from(value).toString('latin1')
