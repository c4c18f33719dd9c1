import { type Caller, type Ctx, problems } from '@caelum/kernel'

/** What a rule looks at besides the caller; absent fields match nothing. */
export interface Target {
  projectId?: string | undefined
  userId?: string | undefined
  /** the domain it belongs to */
  domainId?: string | undefined
  /** of a grant or a membership: the domain of the user or group */
  actorDomainId?: string | undefined
  /** the role itself, or the one to be granted; `domainId` null: a global one */
  role?: { name: string; domainId: string | null; powerful: boolean } | undefined
  /** a user or group that holds a right which its domain cannot give */
  powerful?: boolean | undefined
}

export interface Rule {
  /** how the rule reads in the policy matrix and in a refusal, e.g. "role member in the project" */
  readonly text: string
  /** `target` undefined: could this caller be allowed at all? The gate of a route asks that. */
  allows(caller: Caller, target?: Target): boolean
}

/** One named rule per operation: the whole policy of a service. */
export type PolicyTable = Readonly<Record<string, Rule>>

const has = (caller: Caller, role: string) => caller.roles.has(role)

/** Role admin on any project or on the system rules the cloud, as in OpenStack; on a domain it rules the domain. */
export const isAdmin = (caller: Caller): boolean => has(caller, 'admin') && caller.scope.kind !== 'domain'

/** Whoever is allowed by one of them. */
export const anyOf = (...these: readonly [Rule, ...Rule[]]): Rule => ({
  text: these.map(rule => rule.text).join(', or '),
  allows: (caller, target) => these.some(rule => rule.allows(caller, target)),
})

const inProject =
  (role: string) =>
  (caller: Caller, target?: Target): boolean =>
    caller.scope.kind === 'project' &&
    has(caller, role) &&
    (target === undefined || target.projectId === caller.scope.projectId)

/** Roles imply each other (admin → manager → member → reader) before they come into the token. */
export const rules = {
  anyone: { text: 'a valid token', allows: () => true },
  admin: { text: 'role admin', allows: isAdmin },
  service: { text: 'role service', allows: caller => has(caller, 'service') },
  serviceOrAdmin: {
    text: 'role service or admin',
    allows: caller => has(caller, 'service') || isAdmin(caller),
  },
  projectReader: { text: 'role reader in the project, or admin', allows: orAdmin(inProject('reader')) },
  projectMember: { text: 'role member in the project, or admin', allows: orAdmin(inProject('member')) },
} satisfies Record<string, Rule>

function orAdmin(rule: Rule['allows']): Rule['allows'] {
  return (caller, target) => isAdmin(caller) || rule(caller, target)
}

/** May the caller do this to the target? */
export const can = (policy: PolicyTable, ctx: Ctx, operation: string, target?: Target): boolean =>
  policy[operation]?.allows(ctx.caller, target) ?? false

/** @throws Problem 403 that names the rule */
export function authorize(policy: PolicyTable, ctx: Ctx, operation: string, target?: Target): void {
  if (!can(policy, ctx, operation, target))
    throw problems.forbidden(operation, policy[operation]?.text ?? 'a rule that does not exist')
}
