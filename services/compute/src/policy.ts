import type { PolicyTable, Rule } from '@caelum/http'

/** Key pairs are a user's own; only an administrator acts for others. */
const ownUser: Rule = {
  text: 'to be that user, or role admin',
  allows: (caller, target) =>
    target?.userId === undefined || target.userId === caller.userId || caller.roles.has('admin'),
}

/** Nova's secure defaults (nova/policies/*.py), one rule per operation. */
export const policy: PolicyTable = {
  'compute:keypairs:list': ownUser,
  'compute:keypairs:create': ownUser,
  'compute:keypairs:show': ownUser,
  'compute:keypairs:delete': ownUser,
}
