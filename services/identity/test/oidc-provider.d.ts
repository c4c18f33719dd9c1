/** What the tests use of a package that brings no types. */
declare module 'oidc-provider' {
  import type { RequestListener } from 'node:http'

  interface Context {
    oidc: { params: Record<string, string>; client: unknown; entity(name: string, value: unknown): void }
    body: unknown
  }
  interface Grant {
    addOIDCScope(scope: string): void
    save(): Promise<string>
  }
  interface AccessToken {
    save(): Promise<string>
  }
  export class Provider {
    constructor(issuer: string, configuration: Record<string, unknown>)
    callback(): RequestListener
    registerGrantType(
      name: string,
      handler: (ctx: Context) => Promise<void>,
      parameters: readonly string[],
    ): void
    on(event: 'server_error', listener: (ctx: unknown, error: Error) => void): void
    Grant: new (
      fields: Record<string, unknown>,
    ) => Grant
    AccessToken: new (
      fields: Record<string, unknown>,
    ) => AccessToken
  }
}
