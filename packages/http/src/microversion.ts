import type { IncomingHttpHeaders } from 'node:http'
import { Problem } from '@caelum/kernel'

/** The 2.x range of a service that has microversions; numbers are the part after the dot. */
export interface Microversions {
  /** service type in `OpenStack-API-Version`, e.g. `compute` */
  type: string
  /** older header name, e.g. `X-OpenStack-Nova-API-Version` */
  legacyHeader: string
  major: number
  min: number
  max: number
}

/**
 * Which microversion a request asks for (nova/api/openstack/wsgi.py, microversion-parse).
 *
 * @throws Problem 400 when it is not a version, 406 when it is outside the range
 */
export function negotiate(range: Microversions, headers: IncomingHttpHeaders): number {
  const asked = askedVersion(range, headers)
  if (asked === undefined) return range.min
  if (asked === 'latest') return range.max
  const match = /^(\d+)\.(0|[1-9]\d*)$/.exec(asked)
  if (!match) {
    throw new Problem(
      'InvalidAPIVersionString',
      400,
      `API Version String ${asked.slice(0, 40)} is of invalid format. Must be of format MajorNum.MinorNum.`,
    )
  }
  const minor = Number(match[2])
  if (Number(match[1]) !== range.major || minor < range.min || minor > range.max) {
    throw new Problem(
      'VersionNotFoundForAPI',
      406,
      `Version ${asked} is not supported by the API. Minimum is ${range.major}.${range.min} and maximum is ${range.major}.${range.max}.`,
    )
  }
  return minor
}

function askedVersion(
  { type, legacyHeader }: Microversions,
  headers: IncomingHttpHeaders,
): string | undefined {
  const modern = String(headers['openstack-api-version'] ?? '')
  for (const part of modern.split(',')) {
    const [service, version] = part.trim().split(/\s+/)
    if (service?.toLowerCase() === type && version) return version
  }
  const legacy = headers[legacyHeader.toLowerCase()]
  return legacy ? String(legacy).trim() : undefined
}

/** Both headers and `Vary`, which every answer carries. */
export const microversionHeaders = (range: Microversions, minor: number): Record<string, string> => ({
  'openstack-api-version': `${range.type} ${range.major}.${minor}`,
  [range.legacyHeader.toLowerCase()]: `${range.major}.${minor}`,
  vary: `OpenStack-API-Version, ${range.legacyHeader}`,
})
