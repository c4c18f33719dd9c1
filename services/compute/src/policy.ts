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
  'compute:servers:index': rules.projectReader,
  'compute:servers:detail': rules.projectReader,
  'compute:servers:detail:get_all_tenants': rules.admin,
  'compute:servers:show': rules.projectReader,
  'compute:servers:show:extended': rules.admin,
  'compute:servers:create': rules.projectMember,
  'compute:servers:create:requested_destination': rules.admin,
  'compute:servers:update': rules.projectMember,
  'compute:servers:delete': rules.projectMember,
  'compute:servers:action': rules.projectMember,
  'compute:servers:start': rules.projectMember,
  'compute:servers:stop': rules.projectMember,
  'compute:servers:reboot': rules.projectMember,
  'compute:servers:lock': rules.projectMember,
  'compute:servers:unlock': rules.projectMember,
  'compute:servers:unlock_override': rules.admin,
  'compute:servers:console_output': rules.projectMember,
  'compute:servers:reset_state': rules.admin,
  'compute:servers:explain': rules.admin,
}
