import { type Caller, type Ctx, problems } from '@caelum/kernel'

/** What a rule looks at besides the caller; absent fields match nothing. */
export interface Target {
  projectId?: string | undefined
  userId?: string | undefined
  domainId?: string | undefined
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

const inProject =
  (role: string) =>
  (caller: Caller, target?: Target): boolean =>
    caller.scope.kind === 'project' &&
    has(caller, role) &&
    (target === undefined || target.projectId === caller.scope.projectId)

/** Roles imply each other (admin → manager → member → reader) before they come into the token. */
export const rules = {
  anyone: { text: 'a valid token', allows: () => true },
  admin: { text: 'role admin', allows: caller => has(caller, 'admin') },
  service: { text: 'role service', allows: caller => has(caller, 'service') },
  serviceOrAdmin: {
    text: 'role service or admin',
    allows: caller => has(caller, 'service') || has(caller, 'admin'),
  },
  projectReader: { text: 'role reader in the project, or admin', allows: orAdmin(inProject('reader')) },
  projectMember: { text: 'role member in the project, or admin', allows: orAdmin(inProject('member')) },
} satisfies Record<string, Rule>

function orAdmin(rule: Rule['allows']): Rule['allows'] {
  return (caller, target) => has(caller, 'admin') || rule(caller, target)
}

/** May the caller do this to the target? */
export const can = (policy: PolicyTable, ctx: Ctx, operation: string, target?: Target): boolean =>
  policy[operation]?.allows(ctx.caller, target) ?? false

/** @throws Problem 403 that names the rule */
export function authorize(policy: PolicyTable, ctx: Ctx, operation: string, target?: Target): void {
  if (!can(policy, ctx, operation, target))
    throw problems.forbidden(operation, policy[operation]?.text ?? 'a rule that does not exist')
}
