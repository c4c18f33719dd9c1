/**
 * A login by browser: a dashboard sends the browser here, we send it to the provider, the provider back to us, and we
 * hand the dashboard a token (keystone/api/auth.py, AuthFederationWebSSO...; Apache's mod_auth_openidc does there what
 * we do ourselves). Authorization code with PKCE, state and nonce.
 *
 * What must be known when the browser comes back is in a cookie of that browser, sealed: strangers who begin logins
 * fill no table, several processes need not know of each other, and a login that was begun in one browser cannot be
 * ended in another (an attacker would log somebody in as themselves). It is good for TEN_MINUTES, for one provider and
 * protocol, and once: the state of a completed login is kept as a row. A token goes to trusted dashboards only.
 */
import { createHash } from 'node:crypto'
import type { Ctx } from '@caelum/kernel'
import type { FastifyRequest } from 'fastify'
import {
  authorizationCodeGrant,
  buildAuthorizationUrl,
  calculatePKCECodeChallenge,
  fetchUserInfo,
  randomNonce,
  randomPKCECodeVerifier,
  randomState,
} from 'openid-client'
import { z } from 'zod'
import { errors } from '../../errors.ts'
import { askerOf } from '../../login/guard.ts'
import type { OidcClaims } from '../../oidc/bearer.ts'
import type { OidcClient } from '../../oidc/client.ts'
import type { Sealing } from '../../signing/seal.ts'
import type { FederatedLogin } from './login.ts'

const PLACE = '/v3/auth/OS-FEDERATION'
const TEN_MINUTES = 600

const Begun = z.object({
  state: z.string(),
  nonce: z.string(),
  verifier: z.string(),
  providerId: z.string(),
  protocolId: z.string(),
  origin: z.string(),
  /** ms since 1970 */
  until: z.number(),
})
type Begun = z.output<typeof Begun>

export interface Where {
  providerId: string
  protocolId: string
}

interface Dependencies {
  login: FederatedLogin
  sealing: Sealing
  /** URLs that a token may be posted to */
  trustedDashboards: readonly string[]
}

export const webSso = ({ login, sealing, trustedDashboards }: Dependencies) => {
  const trusted = trustedDashboards.map(url => new URL(url).href)
  const cookieName = (state: string) =>
    `caelum_sso_${createHash('sha256').update(state).digest('hex').slice(0, 16)}`

  function cookie(ctx: Ctx, state: string, value: string, maxAgeS: number): string {
    const { protocol, pathname } = new URL(`${ctx.baseUrl}${PLACE}`)
    const secure = protocol === 'https:' ? '; Secure' : ''
    return `${cookieName(state)}=${value}; Path=${pathname}; Max-Age=${maxAgeS}; HttpOnly; SameSite=Lax${secure}`
  }

  /** @throws Problem 401 when this browser has not begun such a login, or too long ago */
  function begunBy({ headers }: FastifyRequest, state: string, where: Where): Begun {
    const found = headers.cookie
      ?.split('; ')
      .find(it => it.startsWith(`${cookieName(state)}=`))
      ?.slice(cookieName(state).length + 1)
    const begun = found === undefined ? null : opened(state, found)
    const here = begun?.providerId === where.providerId && begun.protocolId === where.protocolId
    if (!begun || !here || begun.state !== state || begun.until < Date.now()) throw errors.noSuchLogin()
    return begun
  }

  function opened(state: string, text: string): Begun | null {
    try {
      const plain = sealing.unseal(`websso:${state}`, Buffer.from(text, 'base64url'))
      return Begun.parse(JSON.parse(plain.toString()))
    } catch {
      return null
    }
  }

  return {
    /** @throws Problem 400 without one, 401 when a token may not be posted there */
    dashboard(origin: string | undefined): string {
      if (origin === undefined) throw errors.badRequest('Request must have an origin query parameter')
      const { href } = new URL(origin)
      if (!trusted.includes(href)) throw errors.notADashboard(origin)
      return href
    },

    providersOf: (protocolId: string) => login.doorsOf(protocolId),

    /** Where to send the browser, and what to let it keep. */
    async begin(ctx: Ctx, where: Where, origin: string): Promise<{ location: string; cookie: string }> {
      const { client } = await login.open(where.providerId, where.protocolId)
      const [state, nonce, verifier] = [randomState(), randomNonce(), randomPKCECodeVerifier()]
      const location = buildAuthorizationUrl(client.config, {
        redirect_uri: callbackOf(ctx, where),
        scope: client.settings.scope,
        code_challenge: await calculatePKCECodeChallenge(verifier),
        code_challenge_method: 'S256',
        state,
        nonce,
      })
      const begun: Begun = {
        state,
        nonce,
        verifier,
        ...where,
        origin,
        until: Date.now() + TEN_MINUTES * 1000,
      }
      const sealed = Buffer.from(sealing.seal(`websso:${state}`, Buffer.from(JSON.stringify(begun))))
      return {
        location: location.href,
        cookie: cookie(ctx, state, sealed.toString('base64url'), TEN_MINUTES),
      }
    },

    /** The browser is back. @returns the token, and the dashboard that it is for */
    async finish(ctx: Ctx, request: FastifyRequest, where: Where) {
      const query = new URL(request.url, ctx.baseUrl).search
      const state = new URLSearchParams(query).get('state') ?? ''
      const begun = begunBy(request, state, where)
      const { door, client } = await login.open(where.providerId, where.protocolId)
      const url = new URL(`${callbackOf(ctx, where)}${query}`)
      const once = { state, until: new Date(begun.until) }
      const { text } = await login.enter(askerOf(request), door, () => exchanged(client, url, begun), once)
      return { text, dashboard: begun.origin, cookie: cookie(ctx, state, '', 0) }
    },
  }
}

export type WebSso = ReturnType<typeof webSso>

const callbackOf = ({ baseUrl }: Ctx, { providerId, protocolId }: Where): string =>
  `${baseUrl}${PLACE}/identity_providers/${encodeURIComponent(providerId)}/protocols/${encodeURIComponent(protocolId)}/websso/callback`

/** What the provider says of who has just logged in there. */
async function exchanged({ config }: OidcClient, url: URL, begun: Begun): Promise<OidcClaims> {
  const tokens = await authorizationCodeGrant(config, url, {
    pkceCodeVerifier: begun.verifier,
    expectedState: begun.state,
    expectedNonce: begun.nonce,
    idTokenExpected: true,
  })
  const claims = tokens.claims()
  if (!claims) throw new Error('the provider gave no id token')
  if (!config.serverMetadata().userinfo_endpoint) return { ...claims }
  return { ...(await fetchUserInfo(config, tokens.access_token, claims.sub)), ...claims }
}
