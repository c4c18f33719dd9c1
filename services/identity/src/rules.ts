/**
 * The personas of Keystone's secure defaults (keystone/common/policies/base.py): whoever has a role on the system,
 * on a domain or on a project. A domain's people see and change what belongs to it and nothing beyond (decision 8).
 *
 * An empty target, `{}`, stands for everything: whoever is allowed that sees every row of a list, and whoever is not
 * sees those of the domain of the token (`domainSeen`).
 */
import { can, isAdmin, type PolicyTable, type Rule, type Target } from '@caelum/http'
import type { Caller, Ctx } from '@caelum/kernel'

const has = (caller: Caller, role: string) => caller.roles.has(role)

export const cloudAdmin: Rule = { text: 'role admin', allows: isAdmin }
export const service: Rule = { text: 'role service', allows: caller => has(caller, 'service') }
export const systemReader: Rule = {
  text: 'role reader on the system',
  allows: caller => caller.scope.kind === 'system' && has(caller, 'reader'),
}
export const self: Rule = {
  text: 'to be that user',
  allows: (caller, target) => target === undefined || target.userId === caller.userId,
}
export const selfAsMember: Rule = {
  text: 'to be that user, with role member',
  allows: (caller, target) => has(caller, 'member') && self.allows(caller, target),
}

type Where = (domainId: string, target: Target) => boolean

/** `where` decides once there is a target. */
const onDomain = (role: 'reader' | 'manager' | 'admin', what: string, where: Where): Rule => ({
  text: `role ${role} on the domain ${what}`,
  allows: (caller, target) =>
    caller.scope.kind === 'domain' &&
    has(caller, role) &&
    (target === undefined || where(caller.scope.domainId, target)),
})

const owned: Where = (domainId, target) => target.domainId === domainId
const bothOwned: Where = (domainId, target) => owned(domainId, target) && target.actorDomainId === domainId
const tame: Where = (domainId, target) => owned(domainId, target) && target.powerful !== true

/** What a domain's managers may grant: keystone/common/policies/base.py, DOMAIN_MANAGER_ALLOWED_ROLES. */
const MANAGED = ['manager', 'member', 'reader']
const isManaged = ({ role }: Target) =>
  role?.domainId === null && MANAGED.includes(role.name) && !role.powerful
const isKnownIn = (domainId: string, { role }: Target) =>
  role !== undefined && (role.domainId === null || role.domainId === domainId)

export const domainReader = onDomain('reader', 'it belongs to', owned)
export const domainManager = onDomain('manager', 'it belongs to', owned)
/** for users and groups: to change one is to have all its rights */
export const managerOfTame = onDomain(
  'manager',
  'it belongs to, unless it holds role admin or service or one on the system',
  tame,
)
export const readerOfBoth = onDomain('reader', 'of both', bothOwned)
export const managerOfBoth = onDomain(
  'manager',
  'of both, unless the group holds role admin or service or one on the system',
  (domainId, target) => bothOwned(domainId, target) && target.powerful !== true,
)
export const grantReader = onDomain(
  'reader',
  'of both and of the role',
  (domainId, target) => bothOwned(domainId, target) && isKnownIn(domainId, target),
)
export const grantManager = onDomain(
  'manager',
  'of both for roles manager, member and reader',
  (domainId, target) => bothOwned(domainId, target) && isManaged(target),
)
export const grantAdmin = onDomain(
  'admin',
  'of both for roles that give neither admin nor service',
  (domainId, target) =>
    bothOwned(domainId, target) && isKnownIn(domainId, target) && target.role?.powerful === false,
)

/** A domain's own roles are the administrators’ matter. */
export const rolesForManagers = onDomain(
  'manager',
  'for global roles',
  (_, { role }) => role?.domainId === null,
)
export const managedRole: Rule = {
  text: 'role manager for roles manager, member and reader',
  allows: (caller, target) => has(caller, 'manager') && (target === undefined || isManaged(target)),
}

export const inProject: Rule = {
  text: 'a token for that project',
  allows: ({ scope }, target) =>
    scope.kind === 'project' && (target === undefined || target.projectId === scope.projectId),
}
export const ownDomain: Rule = {
  text: 'a token for that domain',
  allows: ({ scope }, target) =>
    scope.kind === 'domain' && (target === undefined || target.domainId === scope.domainId),
}
export const inDomain: Rule = {
  text: 'a token for that domain or a project in it',
  allows: ({ scope }, target) =>
    (scope.kind === 'domain' || scope.kind === 'project') &&
    (target === undefined || target.domainId === scope.domainId),
}

/** Everybody asks for a group of a domain's configuration, for one of them is for everybody. */
export const complianceOr = (rule: Rule): Rule => ({
  text: `${rule.text}; group security_compliance is for everybody`,
  allows: (caller, target) => target === undefined || rule.allows(caller, target),
})

/** The only domain whose rows of a list the caller sees; undefined: of all. */
export function domainSeen(policy: PolicyTable, ctx: Ctx, operation: string): string | undefined {
  const { scope } = ctx.caller
  return scope.kind === 'domain' && !can(policy, ctx, operation, {}) ? scope.domainId : undefined
}
