/**
 * Signed requests of OAuth 1.0a (RFC 5849, section 3): the parameters of the `Authorization: OAuth` header, and the
 * signature that method, URL and parameters must have, by HMAC with both secrets.
 */
import { createHmac, timingSafeEqual } from 'node:crypto'

export interface SignedRequest {
  method: string
  /** as the client knows it, with its query */
  url: string
  /** the header */
  authorization: string | undefined
}

const DIGESTS: Readonly<Record<string, string>> = { 'HMAC-SHA1': 'sha1', 'HMAC-SHA256': 'sha256' }

/** The parameters of the header; null when there is none, or it is not readable, or names one twice. */
export function parametersOf(authorization: string | undefined): ReadonlyMap<string, string> | null {
  const [, list] = /^OAuth\s+(.*)$/is.exec(authorization ?? '') ?? []
  if (list === undefined) return null
  const parameters = new Map<string, string>()
  for (const part of list.split(',')) {
    const [, name, value] = /^\s*([^\s=]+)="([^"]*)"\s*$/.exec(part) ?? []
    const [key, text] = [decoded(name), decoded(value)]
    if (key === null || text === null || parameters.has(key)) return null
    parameters.set(key, text)
  }
  return parameters
}

/** Is the request signed with these two secrets? `tokenSecret` is empty where there is no token yet. */
export function isSigned(
  { method, url, authorization }: SignedRequest,
  { consumerSecret, tokenSecret }: { consumerSecret: string; tokenSecret: string },
): boolean {
  const parameters = parametersOf(authorization)
  const digest = DIGESTS[parameters?.get('oauth_signature_method') ?? '']
  const given = parameters?.get('oauth_signature')
  if (!parameters || !digest || given === undefined) return false
  const base = baseString(method, new URL(url), parameters)
  const expected = createHmac(digest, `${quote(consumerSecret)}&${quote(tokenSecret)}`)
    .update(base)
    .digest()
  const signature = Buffer.from(given, 'base64')
  return signature.length === expected.length && timingSafeEqual(signature, expected)
}

/** Section 3.4.1; `URL` has put scheme and host into lower case and left a default port out already. */
function baseString(method: string, url: URL, parameters: ReadonlyMap<string, string>): string {
  const pairs = [...parameters, ...url.searchParams]
    .filter(([name]) => name !== 'oauth_signature' && name !== 'realm')
    .map(([name, value]) => [quote(name), quote(value)] as const)
    .sort(([a, x], [b, y]) => order(a, b) || order(x, y))
    .map(pair => pair.join('='))
  return [method, `${url.origin}${url.pathname}`, pairs.join('&')].map(quote).join('&')
}

const order = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)

/** Section 3.6 */
const quote = (text: string): string =>
  encodeURIComponent(text).replace(/[!'()*]/g, c => `%${c.charCodeAt(0).toString(16).toUpperCase()}`)

function decoded(text: string | undefined): string | null {
  try {
    return text === undefined ? null : decodeURIComponent(text)
  } catch {
    return null
  }
}
