/**
 * Signatures of AWS requests, as keystoneclient.contrib.ec2.utils (versions 2 and 4) and keystone/api/s3tokens.py
 * compute them. Whoever received the request hands its parts on; nothing of it is believed but what the signature
 * covers. Versions 0 and 1 cover too little and are refused.
 */
import { createHash, createHmac } from 'node:crypto'

/** The parts of a request that its signature covers. */
export interface SignedRequest {
  verb: string
  host: string
  path: string
  params: Readonly<Record<string, string>>
  headers: Readonly<Record<string, string>>
  /** SHA-256 of the body, in hex; version 4 only */
  body_hash?: string | undefined
}

/** What the signature should be, and when it says it was made; null: it says nothing of it. */
interface Expected {
  signature: string
  signedAt: Date | null
}

const V4 = 'AWS4-HMAC-SHA256'
const S3_SERVICES = ['s3', 'iam', 'sts']

/**
 * The signatures that would be right: some clients leave the port out of the host that they sign.
 *
 * @returns none when it is of no version that we take, or its parts contradict each other
 */
export function expectedOf(request: SignedRequest, secret: string): Expected[] {
  if (request.params['SignatureVersion'] === '2') {
    const signedAt = timeOf(request.params['Timestamp'])
    const hosts = [...new Set([request.host, request.host.replace(/:\d+$/, '')])]
    return signedAt === 'unreadable'
      ? []
      : hosts.map(host => ({ signature: version2({ ...request, host }, secret), signedAt }))
  }
  const expected = isVersion4(request) ? version4(request, secret) : null
  return expected ? [expected] : []
}

function version2({ verb, host, path, params }: SignedRequest, secret: string): string {
  const query = canonicalQuery({ ...params, SignatureMethod: 'HmacSHA256' })
  return createHmac('sha256', secret).update(`${verb}\n${host}\n${path}\n${query}`).digest('base64')
}

const header = ({ headers }: SignedRequest, name: string): string | undefined =>
  Object.entries(headers)
    .find(([key]) => key.trim().toLowerCase() === name)?.[1]
    .trim()

const isVersion4 = (request: SignedRequest): boolean =>
  header(request, 'authorization')?.startsWith(V4) ?? request.params['X-Amz-Algorithm'] === V4

/** From the header `Authorization`, or from the parameters of a signed URL. */
function part(request: SignedRequest, name: 'Credential' | 'SignedHeaders'): string | undefined {
  const authorization = header(request, 'authorization')
  if (authorization === undefined) return request.params[`X-Amz-${name}`]
  return authorization.split(`${name}=`)[1]?.split(',')[0]
}

function version4(request: SignedRequest, secret: string): Expected | null {
  const date = header(request, 'x-amz-date') ?? request.params['X-Amz-Date']
  const [, day, region, service, ...rest] = part(request, 'Credential')?.split('/') ?? []
  const signedHeaders = part(request, 'SignedHeaders')
  const signedAt = timeOf(date)
  if (!date || !day || !region || !service || signedHeaders === undefined || signedAt === 'unreadable')
    return null
  if (!date.startsWith(day) || request.body_hash === undefined) return null
  const canonical = [
    request.verb.toUpperCase(),
    request.path,
    request.verb.toUpperCase() === 'POST' ? '' : canonicalQuery(request.params),
    `${signedHeaders
      .split(';')
      .filter(name => header(request, name) !== undefined)
      .map(name => `${name}:${header(request, name)}`)
      .join('\n')}\n`,
    signedHeaders,
    request.body_hash,
  ].join('\n')
  const scope = [day, region, service, ...rest].join('/')
  const digest = createHash('sha256').update(canonical).digest('hex')
  const key = signingKey(secret, [day, region, service])
  const signature = createHmac('sha256', key).update(`${V4}\n${date}\n${scope}\n${digest}`).digest('hex')
  return { signature, signedAt }
}

const signingKey = (secret: string, scope: readonly string[]): Buffer =>
  [...scope, 'aws4_request'].reduce<Buffer>(
    (key, text) => createHmac('sha256', key).update(text).digest(),
    Buffer.from(`AWS4${secret}`),
  )

/** urllib.parse.quote of every key and value, in the order of the keys. */
const canonicalQuery = (params: Readonly<Record<string, string>>): string =>
  Object.keys(params)
    .sort()
    .map(key => `${quote(key)}=${quote(params[key] ?? '')}`)
    .join('&')

const quote = (text: string): string =>
  encodeURIComponent(text).replace(/[!'()*]/g, c => `%${c.charCodeAt(0).toString(16).toUpperCase()}`)

/** Of a string that the client of S3 signed: RFC 2104 over it in version 2, by the derived key in version 4. */
export function signatureOfS3(stringToSign: Buffer, secret: string): string | null {
  if (!stringToSign.subarray(0, 4).equals(Buffer.from('AWS4')))
    return createHmac('sha1', secret).update(stringToSign).digest('base64')
  const [algorithm, , scope, ...rest] = stringToSign.toString('latin1').split('\n')
  const [day, region, service, end, ...more] = scope?.split('/') ?? []
  if (algorithm !== V4 || rest.length !== 1 || end !== 'aws4_request' || more.length > 0) return null
  if (!day || region === undefined || !service || !S3_SERVICES.includes(service)) return null
  return createHmac('sha256', signingKey(secret, [day, region, service]))
    .update(stringToSign)
    .digest('hex')
}

/** `2026-01-31T12:00:00Z` with or without its punctuation. */
function timeOf(text: string | undefined): Date | null | 'unreadable' {
  if (text === undefined || text === '') return null
  const match = /^(\d{4})-?(\d\d)-?(\d\d)T(\d\d):?(\d\d):?(\d\d)(\.\d+)?(Z|\+00:?00)?$/.exec(text)
  if (!match) return 'unreadable'
  const [, year, month, day, hour, minute, second] = match.map(Number)
  const at = Date.UTC(year ?? 0, (month ?? 0) - 1, day, hour, minute, second)
  return Number.isNaN(at) ? 'unreadable' : new Date(at)
}
