import { type PolicyTable, rules } from '@caelum/http'

/**
 * An account is a project's: its members own it, its readers read it, administrators are owners everywhere
 * (swift/common/middleware/keystoneauth.py). Container ACLs add to this: see `resources/container/acl.ts`.
 */
export const policy: PolicyTable = {
  'object-storage:info:show': rules.anyone,
  'object-storage:accounts:own': rules.projectMember,
  'object-storage:accounts:set-quota': rules.admin,
  'object-storage:accounts:show': rules.projectReader,
  'object-storage:accounts:head': rules.projectReader,
  'object-storage:accounts:update': rules.projectMember,
  'object-storage:containers:show': rules.projectReader,
  'object-storage:containers:head': rules.projectReader,
  'object-storage:containers:create': rules.projectMember,
  'object-storage:containers:update': rules.projectMember,
  'object-storage:containers:delete': rules.projectMember,
  'object-storage:objects:show': rules.projectReader,
  'object-storage:objects:head': rules.projectReader,
  'object-storage:objects:create': rules.projectMember,
  'object-storage:objects:update': rules.projectMember,
  'object-storage:objects:copy': rules.projectMember,
  'object-storage:objects:delete': rules.projectMember,
}
