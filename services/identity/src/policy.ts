import { type PolicyTable, type Rule, rules } from '@caelum/http'
import type { Caller } from '@caelum/kernel'

const isAdmin = ({ roles }: Caller) => roles.has('admin')
const isService = ({ roles }: Caller) => roles.has('service')

const ownUser: Rule = {
  text: 'to be that user, or role admin',
  allows: (caller, target) => target === undefined || target.userId === caller.userId || isAdmin(caller),
}
const ownUserOrService: Rule = {
  text: 'to be that user, or role service or admin',
  allows: (caller, target) => ownUser.allows(caller, target) || isService(caller),
}
const inProject: Rule = {
  text: 'a token for that project, or role service or admin',
  allows: (caller, target) =>
    isAdmin(caller) ||
    isService(caller) ||
    (caller.scope.kind === 'project' &&
      (target === undefined || target.projectId === caller.scope.projectId)),
}
const inDomain: Rule = {
  text: 'a token for that domain or for a project in it, or role admin',
  allows: (caller, target) => {
    if (isAdmin(caller)) return true
    const { scope } = caller
    if (scope.kind !== 'domain' && scope.kind !== 'project') return false
    return target === undefined || target.domainId === scope.domainId
  },
}

/** Keystone's secure defaults (keystone/common/policies/*.py), one rule per operation. */
export const policy: PolicyTable = {
  'identity:tokens:validate': ownUserOrService,
  'identity:tokens:revoke': ownUser,
  'identity:auth:catalog': rules.anyone,
  'identity:auth:projects': rules.anyone,
  'identity:auth:domains': rules.anyone,
  'identity:auth:system': rules.anyone,

  'identity:domains:create': rules.admin,
  'identity:domains:list': rules.admin,
  'identity:domains:show': inDomain,
  'identity:domains:update': rules.admin,
  'identity:domains:delete': rules.admin,

  'identity:projects:create': rules.admin,
  'identity:projects:list': rules.admin,
  'identity:projects:show': inProject,
  'identity:projects:update': rules.admin,
  'identity:projects:delete': rules.admin,
  'identity:projects:tags:list': inProject,
  'identity:projects:tags:check': inProject,
  'identity:projects:tags:replace': rules.admin,
  'identity:projects:tags:clear': rules.admin,
  'identity:projects:tags:add': rules.admin,
  'identity:projects:tags:remove': rules.admin,

  'identity:users:create': rules.admin,
  'identity:users:list': rules.admin,
  'identity:users:show': ownUserOrService,
  'identity:users:update': rules.admin,
  'identity:users:delete': rules.admin,
  'identity:users:groups': ownUser,
  'identity:users:projects': ownUser,

  'identity:groups:create': rules.admin,
  'identity:groups:list': rules.admin,
  'identity:groups:show': rules.admin,
  'identity:groups:update': rules.admin,
  'identity:groups:delete': rules.admin,
  'identity:groups:users:list': rules.admin,
  'identity:groups:users:add': rules.admin,
  'identity:groups:users:check': rules.admin,
  'identity:groups:users:remove': rules.admin,

  'identity:roles:create': rules.admin,
  'identity:roles:list': rules.admin,
  'identity:roles:show': rules.admin,
  'identity:roles:update': rules.admin,
  'identity:roles:delete': rules.admin,
  'identity:role_inferences:list': rules.admin,
  'identity:roles:implies:list': rules.admin,
  'identity:roles:implies:create': rules.admin,
  'identity:roles:implies:show': rules.admin,
  'identity:roles:implies:check': rules.admin,
  'identity:roles:implies:delete': rules.admin,

  'identity:role_assignments:list': rules.admin,
  'identity:grants:list': rules.admin,
  'identity:grants:create': rules.admin,
  'identity:grants:check': rules.admin,
  'identity:grants:delete': rules.admin,

  'identity:regions:create': rules.admin,
  'identity:regions:list': rules.anyone,
  'identity:regions:show': rules.anyone,
  'identity:regions:update': rules.admin,
  'identity:regions:delete': rules.admin,
  'identity:services:create': rules.admin,
  'identity:services:list': rules.serviceOrAdmin,
  'identity:services:show': rules.serviceOrAdmin,
  'identity:services:update': rules.admin,
  'identity:services:delete': rules.admin,
  'identity:endpoints:create': rules.admin,
  'identity:endpoints:list': rules.serviceOrAdmin,
  'identity:endpoints:show': rules.serviceOrAdmin,
  'identity:endpoints:update': rules.admin,
  'identity:endpoints:delete': rules.admin,
}
