import { type PolicyTable, type Rule, rules } from '@caelum/http'

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

  'compute:flavors:list': rules.anyone,
  'compute:flavors:detail': rules.anyone,
  'compute:flavors:list_all': rules.admin,
  'compute:flavors:show': rules.anyone,
  'compute:flavors:create': rules.admin,
  'compute:flavors:update': rules.admin,
  'compute:flavors:delete': rules.admin,
  'compute:flavor_access:list': rules.admin,
  'compute:flavor_access:change': rules.admin,
  'compute:flavor_extra_specs:list': rules.projectReader,
  'compute:flavor_extra_specs:show': rules.projectReader,
  'compute:flavor_extra_specs:create': rules.admin,
  'compute:flavor_extra_specs:update': rules.admin,
  'compute:flavor_extra_specs:delete': rules.admin,

  'compute:quota_sets:show': rules.projectReader,
  'compute:quota_sets:detail': rules.projectReader,
  'compute:quota_sets:defaults': rules.anyone,
  'compute:quota_sets:update': rules.admin,
  'compute:quota_sets:delete': rules.admin,
  'compute:quota_class_sets:show': rules.admin,
  'compute:quota_class_sets:update': rules.admin,
  'compute:limits:show': rules.anyone,
  'compute:limits:show_other_project': rules.admin,
}
