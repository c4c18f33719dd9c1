import { type PolicyTable, type Rule, rules } from '@caelum/http'

/** keystone/common/policies/token.py: services validate anybody's token, everybody their own. */
const ownTokenOrService: Rule = {
  text: 'to be the token’s user, or role service or admin',
  allows: (caller, target) =>
    target === undefined ||
    target.userId === caller.userId ||
    caller.roles.has('service') ||
    caller.roles.has('admin'),
}
const ownToken: Rule = {
  text: 'to be the token’s user, or role admin',
  allows: (caller, target) =>
    target === undefined || target.userId === caller.userId || caller.roles.has('admin'),
}

/** Keystone's secure defaults (keystone/common/policies), one rule per operation. */
export const policy: PolicyTable = {
  'identity:tokens:validate': ownTokenOrService,
  'identity:tokens:revoke': ownToken,
}
void rules
