/**
 * OpenID providers as this service knows them: the discovery document and the keys of each, in memory. A document is
 * read again after FRESH_MS, and an older one is used while the provider is away; keys are read again when a token
 * names one that is not known, at most twice a minute, so that a provider's rotation is noticed and garbage costs
 * nothing.
 */
import { createRemoteJWKSet, type JWTVerifyGetKey, customFetch as jwksFetch } from 'jose'
import {
  allowInsecureRequests,
  ClientSecretBasic,
  ClientSecretPost,
  Configuration,
  customFetch,
  discovery,
  enableNonRepudiationChecks,
  None,
} from 'openid-client'
import { boundedFetch, isAway } from './bounded-fetch.ts'

export interface OidcSettings {
  issuer: string
  clientId: string
  clientSecret: string | null
  /** whom else a token may be meant for */
  audiences: readonly string[]
  scope: string
}

export interface OidcClient {
  settings: OidcSettings
  config: Configuration
  keys: JWTVerifyGetKey
}

interface Known {
  settings: string
  client: OidcClient
  /** ms since 1970 */
  readAt: number
}

const FRESH_MS = 600_000
const LONGEST_S = 5

export class OidcClients {
  readonly #plainHttp: boolean
  readonly #known = new Map<string, Known>()

  constructor({ plainHttp }: { plainHttp: boolean }) {
    this.#plainHttp = plainHttp
  }

  /**
   * @param name of the provider, under which it is remembered
   * @throws ProviderAway, or an error of openid-client when it is no provider
   */
  async client(name: string, settings: OidcSettings): Promise<OidcClient> {
    const text = JSON.stringify(settings)
    const known = this.#known.get(name)
    const same = known?.settings === text ? known : undefined
    if (same && Date.now() - same.readAt < FRESH_MS) return same.client
    try {
      const client = await this.discover(settings)
      this.#known.set(name, { settings: text, client, readAt: Date.now() })
      return client
    } catch (error) {
      if (same && isAway(error)) return same.client
      throw error
    }
  }

  /** @throws ProviderAway, or an error of openid-client when it is no provider */
  async discover(settings: OidcSettings): Promise<OidcClient> {
    const fetchBounded = boundedFetch({ plainHttp: this.#plainHttp })
    const execute = this.#plainHttp ? [allowInsecureRequests] : []
    const issuer = new URL(settings.issuer)
    const found = await discovery(issuer, settings.clientId, undefined, None(), {
      execute,
      timeout: LONGEST_S,
      [customFetch]: fetchBounded,
    })
    const server = found.serverMetadata()
    if (!server.jwks_uri) throw new Error('it publishes no keys (jwks_uri)')
    const config = new Configuration(server, settings.clientId, undefined, authOf(settings, server))
    config.timeout = LONGEST_S
    config[customFetch] = fetchBounded
    for (const allow of execute) allow(config)
    enableNonRepudiationChecks(config)
    const keys = createRemoteJWKSet(new URL(server.jwks_uri), {
      timeoutDuration: LONGEST_S * 1000,
      [jwksFetch]: fetchBounded,
    })
    return { settings, config, keys }
  }
}

/** By a header, unless the provider says that it wants the secret in the body. */
function authOf(
  { clientSecret }: OidcSettings,
  { token_endpoint_auth_methods_supported: methods = ['client_secret_basic'] }: SupportedMethods,
) {
  if (clientSecret === null) return None()
  return methods.includes('client_secret_basic')
    ? ClientSecretBasic(clientSecret)
    : ClientSecretPost(clientSecret)
}

interface SupportedMethods {
  token_endpoint_auth_methods_supported?: string[]
}
