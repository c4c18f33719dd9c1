import { type PolicyTable, type Rule, rules } from '@caelum/http'

/** Other services of this cloud (compute) act for every project. */
const orService = (rule: Rule): Rule => ({
  text: `${rule.text}, or role service`,
  allows: (caller, target) => caller.roles.has('service') || rule.allows(caller, target),
})

const read = orService(rules.projectReader)
const write = orService(rules.projectMember)

const crud = (plural: string) => ({
  [`network:${plural}:list`]: read,
  [`network:${plural}:show`]: read,
  [`network:${plural}:create`]: write,
  [`network:${plural}:update`]: write,
  [`network:${plural}:delete`]: write,
})
const tagged = (plural: string) => ({ ...crud(plural), [`network:${plural}:tags`]: write })

/** Neutron's secure defaults (neutron/conf/policies/*.py); `create:x` is the right to set attribute x. */
export const policy: PolicyTable = {
  ...tagged('networks'),
  'network:networks:set:shared': rules.admin,
  ...tagged('subnets'),
  ...tagged('ports'),
  'network:ports:set:id': rules.service,
  'network:ports:set:binding': rules.serviceOrAdmin,
  /** target: the network's project */
  'network:ports:set:address': write,
  'network:ports:set:security': write,
  'network:ports:set:network_owner': write,
  'network:ports:show:binding': rules.serviceOrAdmin,
  'network:ports:wiring': rules.serviceOrAdmin,
  ...tagged('security_groups'),
  ...crud('security_group_rules'),
  'network:quotas:list': rules.admin,
  'network:quotas:show': read,
  'network:quotas:update': rules.admin,
  'network:quotas:delete': rules.admin,
  'network:agents:list': rules.anyone,
  'network:agents:show': rules.anyone,
  /** whoever may not finds the list empty, as in Neutron */
  'network:agents:see': rules.admin,
  'network:ovn:show': rules.admin,
  'network:availability_zones:list': rules.anyone,
  'network:extensions:list': rules.anyone,
  'network:extensions:show': rules.anyone,
}

/** May see and act on the rows of every project. */
export const seesAll = orService(rules.admin)
