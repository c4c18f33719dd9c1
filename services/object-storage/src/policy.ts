import { type PolicyTable, type Rule, rules } from '@caelum/http'

/** Swift's own name for an administrator of object storage only. */
const orReseller = (rule: Rule): Rule => ({
  text: `${rule.text}, or ResellerAdmin`,
  allows: (caller, target) => caller.roles.has('ResellerAdmin') || rule.allows(caller, target),
})
const [owner, reader] = [orReseller(rules.projectMember), orReseller(rules.projectReader)]

/**
 * An account is a project's: its members own it, its readers read it, administrators are owners everywhere
 * (swift/common/middleware/keystoneauth.py). Container ACLs add to this: see `resources/container/acl.ts`.
 */
export const policy: PolicyTable = {
  'object-storage:accounts:own': owner,
  'object-storage:accounts:set-quota': orReseller(rules.admin),
  'object-storage:accounts:show': reader,
  'object-storage:accounts:head': reader,
  'object-storage:accounts:update': owner,
  'object-storage:containers:show': reader,
  'object-storage:containers:head': reader,
  'object-storage:containers:create': owner,
  'object-storage:containers:update': owner,
  'object-storage:containers:delete': owner,
  'object-storage:objects:show': reader,
  'object-storage:objects:head': reader,
  'object-storage:objects:create': owner,
  'object-storage:objects:update': owner,
  'object-storage:objects:copy': owner,
  'object-storage:objects:delete': owner,
}
