/** Conditional requests (RFC 9110, 13), on an ETag that Swift sends without quotes. Pure. */
import type { IncomingHttpHeaders } from 'node:http'

export interface Validators {
  etag: string
  modified: Date
}

const tags = (header: string) =>
  header.split(',').map(tag =>
    tag
      .trim()
      .replace(/^W\//, '')
      .replace(/^"(.*)"$/, '$1'),
  )
const matches = (header: string, etag: string) => tags(header).some(tag => tag === '*' || tag === etag)

const seconds = (header: string | undefined) => {
  const at = Date.parse(header ?? '')
  return Number.isNaN(at) ? undefined : at / 1_000
}

/** What a GET or HEAD is answered with instead of 200, if anything. */
export function conditionOf(
  headers: IncomingHttpHeaders,
  { etag, modified }: Validators,
): 304 | 412 | undefined {
  const at = Math.ceil(modified.getTime() / 1_000)
  const [ifMatch, ifNoneMatch] = [headers['if-match'], headers['if-none-match']]
  const unmodifiedSince = seconds(headers['if-unmodified-since'])
  const modifiedSince = seconds(headers['if-modified-since'])
  if (ifMatch !== undefined && !matches(ifMatch, etag)) return 412
  if (ifMatch === undefined && unmodifiedSince !== undefined && at > unmodifiedSince) return 412
  if (ifNoneMatch !== undefined) return matches(ifNoneMatch, etag) ? 304 : undefined
  return modifiedSince !== undefined && at <= modifiedSince ? 304 : undefined
}
