import type { Clock } from './clock.ts'
import type { Logger } from './log.ts'

/** Who asks, as the verified token says. Names are carried for logs and answers, ids decide. */
export interface Caller {
  readonly userId: string
  readonly userName: string
  readonly userDomainId: string
  readonly userDomainName: string
  readonly scope:
    | {
        readonly kind: 'project'
        readonly projectId: string
        readonly projectName: string
        readonly domainId: string
        readonly domainName: string
      }
    | { readonly kind: 'domain'; readonly domainId: string; readonly domainName: string }
    | { readonly kind: 'system' }
    | { readonly kind: 'unscoped' }
  /** role names, implied ones included */
  readonly roles: ReadonlySet<string>
  /** the caller acts by rights that were lent, and has no others; absent: by their own */
  readonly delegation?: Delegation
}

export type Delegation =
  | {
      readonly kind: 'application-credential'
      /** it may make and delete other application credentials */
      readonly unrestricted: boolean
    }
  | { readonly kind: 'trust'; readonly trustId: string }
  | { readonly kind: 'oauth1' }

/** First argument of everything that serves a request. */
export interface Ctx {
  readonly caller: Caller
  readonly requestId: string
  /** 2.x of the negotiated microversion; 0 where the API family has none */
  readonly microversion: number
  readonly clock: Clock
  readonly log: Logger
  /** scheme, host and path prefix under which the client reached us; links start with it */
  readonly baseUrl: string
}

/** The project of a project-scoped caller; undefined for the others. */
export const projectOf = (caller: Caller): string | undefined =>
  caller.scope.kind === 'project' ? caller.scope.projectId : undefined
