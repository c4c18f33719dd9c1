import { z } from 'zod'
import { errors } from '../errors.ts'

export type Format = 'plain' | 'json' | 'xml'

const text = z.string().optional()
export const ListingParameters = z
  .object({
    format: text,
    limit: text,
    marker: text,
    end_marker: text,
    prefix: text,
    delimiter: text,
    path: text,
    reverse: text,
  })
  .catchall(z.unknown())
export type ListingParameters = z.output<typeof ListingParameters>

export interface ListingQuery {
  limit: number
  /** names after this one; empty: from the start */
  marker: string
  /** names before this one; empty: to the end */
  endMarker: string
  prefix: string
  /** names that go on after the next one of it are rolled up into a `subdir`; empty: none are */
  delimiter: string
  reverse: boolean
  /** with `path`, the folder itself and what lies deeper are left out instead of rolled up */
  onlyDirect: boolean
}

/** @throws Problem 412 when more is asked for than a listing holds */
export function listingQuery(parameters: ListingParameters, maximum: number): ListingQuery {
  const { marker = '', end_marker: endMarker = '', delimiter = '', path, reverse = '' } = parameters
  const asked = /^\d+$/.test(parameters.limit ?? '') ? Number(parameters.limit) : maximum
  if (asked > maximum) throw errors.precondition(`Maximum limit is ${maximum}`)
  const common = {
    limit: asked,
    marker,
    endMarker,
    reverse: ['true', '1', 'yes', 'on', 't', 'y'].includes(reverse.toLowerCase()),
  }
  if (path !== undefined)
    return {
      ...common,
      prefix: path === '' ? '' : `${path.replace(/\/+$/, '')}/`,
      delimiter: '/',
      onlyDirect: true,
    }
  return { ...common, prefix: parameters.prefix ?? '', delimiter, onlyDirect: false }
}

/** `format` decides, else `Accept` (swift/common/request_helpers.py, get_param and get_listing_content_type). */
export function formatOf(parameters: ListingParameters, accept: string | undefined): Format {
  const named = parameters.format?.toLowerCase()
  if (named !== undefined) return named === 'json' || named === 'xml' ? named : 'plain'
  if (/application\/json/.test(accept ?? '')) return 'json'
  return /(application|text)\/xml/.test(accept ?? '') ? 'xml' : 'plain'
}
