/**
 * Whom a token of an OpenID provider stands for. Programs get one from the provider themselves and hand it in: an id
 * token, an access token that is a JWT, or an opaque access token.
 *
 * A token that somebody gave to another program of the same provider must be good for nothing here, or that program
 * could log in as them. So it must be meant for us (`aud`), or given to our own client (`azp`, `client_id`); an opaque
 * one is only taken where the provider tells that of it (introspection, RFC 7662). Logout tokens and the like, which
 * are signed by the same keys, are no logins.
 */
import { decodeProtectedHeader, type JWTPayload, jwtVerify } from 'jose'
import { fetchUserInfo, tokenIntrospection } from 'openid-client'
import type { OidcClient } from './client.ts'

export type OidcClaims = Readonly<Record<string, unknown>>

/** Never a shared secret: whoever knows a public key could sign by it. */
const ALGORITHMS = [
  ...['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512'],
  ...['ES256', 'ES384', 'ES512', 'EdDSA', 'Ed25519'],
]
const TYPES = [undefined, 'jwt', 'at+jwt', 'application/at+jwt']
const CLOCK_TOLERANCE_S = 10

/** @throws an error that says why it is not good, or ProviderAway */
export async function claimsOfBearer(client: OidcClient, token: string): Promise<OidcClaims> {
  const type = typeOf(token)
  const claims = type === null ? await introspected(client, token) : await verified(client, token, type)
  if (!isForUs(client, claims)) throw new Error('the token is meant for somebody else')
  return { ...(await userInfo(client, token, claims)), ...claims }
}

/** What the header says it is; null: it is no JWT. */
function typeOf(token: string): { typ: string | undefined } | null {
  try {
    return { typ: decodeProtectedHeader(token).typ?.toLowerCase() }
  } catch {
    return null
  }
}

async function verified(
  { config, keys }: OidcClient,
  token: string,
  { typ }: { typ: string | undefined },
): Promise<JWTPayload> {
  if (!TYPES.includes(typ)) throw new Error(`a ${typ} is no login`)
  const { payload } = await jwtVerify(token, keys, {
    issuer: config.serverMetadata().issuer,
    algorithms: ALGORITHMS,
    clockTolerance: CLOCK_TOLERANCE_S,
    requiredClaims: ['exp', 'sub'],
  })
  if ('events' in payload) throw new Error('a security event is no login')
  return payload
}

async function introspected({ config, settings }: OidcClient, token: string): Promise<OidcClaims> {
  if (!config.serverMetadata().introspection_endpoint)
    throw new Error('the provider tells nothing of opaque tokens')
  const told = await tokenIntrospection(config, token)
  if (!told.active) throw new Error('the token is not active')
  if (told.token_type?.toLowerCase() === 'refresh_token') throw new Error('a refresh token is no login')
  if (told.iss !== undefined && told.iss !== config.serverMetadata().issuer)
    throw new Error('another issuer’s token')
  const { active: _, ...claims } = told
  // a program of its own, which the provider knows by no other name
  return { sub: told.client_id ?? settings.clientId, ...claims }
}

function isForUs({ settings }: OidcClient, { aud, azp, client_id }: OidcClaims): boolean {
  const meantFor = Array.isArray(aud) ? aud : [aud]
  const ours = [settings.clientId, ...settings.audiences]
  return meantFor.some(it => ours.includes(it)) || [azp, client_id].includes(settings.clientId)
}

/** What the provider tells besides of a person; a program, which is its own subject, is nobody to tell of. */
async function userInfo({ config }: OidcClient, token: string, claims: OidcClaims): Promise<OidcClaims> {
  const { scope, sub, client_id } = claims
  const open = typeof scope === 'string' && scope.split(' ').includes('openid')
  if (!open || typeof sub !== 'string' || sub === client_id) return {}
  if (!config.serverMetadata().userinfo_endpoint) return {}
  return fetchUserInfo(config, token, sub)
}
