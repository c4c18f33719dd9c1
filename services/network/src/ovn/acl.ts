/**
 * Security group rules as OVN ACLs on a port group (the mapping of neutron/common/ovn/acl.py).
 *
 * A port group's members are the ports of the security group; northd keeps address sets `<name>_ip4` and `<name>_ip6`
 * of their addresses, which rules with a remote group refer to. Every port with port security is also in DROP_GROUP,
 * which refuses whatever no group allows; that is what makes "nothing in, unless ..." true.
 */
import { formatCidr, parseCidr } from '../address/ip.ts'
import { protocolNumber } from '../protocol.ts'
import type { GroupWant, RuleWant } from './topology.ts'

export interface AclWant {
  direction: 'from-lport' | 'to-lport'
  priority: number
  match: string
  action: 'drop' | 'allow-related' | 'allow-stateless'
}

export const DROP_GROUP = 'caelum_drop'
const PRIORITY = { drop: 1001, allow: 1002, guard: 1003 }

/** OVN's names allow no dashes. */
export const groupName = (securityGroupId: string): string => `pg_${securityGroupId.replaceAll('-', '_')}`

/** By rule id. */
export const aclsOf = (group: GroupWant): Map<string, AclWant> =>
  new Map(group.rules.map(rule => [rule.id, aclOf(group, rule)]))

const aclOf = (group: GroupWant, rule: RuleWant): AclWant => {
  const ingress = rule.direction === 'ingress'
  const ip = rule.ethertype === 'IPv4' ? 'ip4' : 'ip6'
  const far = ingress ? 'src' : 'dst'
  const terms = [`${ingress ? 'outport' : 'inport'} == @${groupName(group.id)}`, ip]
  if (rule.remote_ip_prefix) terms.push(`${ip}.${far} == ${networkOf(rule.remote_ip_prefix)}`)
  if (rule.remote_group_id) terms.push(`${ip}.${far} == $${groupName(rule.remote_group_id)}_${ip}`)
  return {
    direction: ingress ? 'to-lport' : 'from-lport',
    priority: PRIORITY.allow,
    match: [...terms, ...protocolTerms(rule)].join(' && '),
    action: group.stateful ? 'allow-related' : 'allow-stateless',
  }
}

/** OVN refuses host bits that the mask cuts off. */
const networkOf = (prefix: string): string => {
  const cidr = parseCidr(prefix)
  if (!cidr) throw new Error(`"${prefix}" is no prefix`)
  return formatCidr(cidr)
}

const TRANSPORT: Record<number, string> = { 6: 'tcp', 17: 'udp', 132: 'sctp' }
const ICMP = [1, 58]

const protocolTerms = (rule: RuleWant): string[] => {
  if (rule.protocol === null) return []
  const number = protocolNumber(rule.protocol)
  if (number === null)
    throw new Error(`security group rule ${rule.id} has the unknown protocol ${rule.protocol}`)
  const { port_range_min: min, port_range_max: max } = rule
  const transport = TRANSPORT[number]
  if (transport) {
    if (min !== null && min === max) return [transport, `${transport}.dst == ${min}`]
    return [transport, ...bound(`${transport}.dst >=`, min), ...bound(`${transport}.dst <=`, max)]
  }
  if (!ICMP.includes(number)) return [`ip.proto == ${number}`]
  const icmp = rule.ethertype === 'IPv4' ? 'icmp4' : 'icmp6'
  return [icmp, ...bound(`${icmp}.type ==`, min), ...bound(`${icmp}.code ==`, max)]
}

const bound = (term: string, value: number | null): string[] => (value === null ? [] : [`${term} ${value}`])

/**
 * Of the group of all protected ports. Asking for an address is always allowed, answering as a DHCP server or router
 * never: what Neutron's other drivers do in their firewall (neutron/agent/linux/openvswitch_firewall).
 */
export const dropAcls = (): Map<string, AclWant> => {
  const from = `inport == @${DROP_GROUP}`
  const acl = (
    direction: AclWant['direction'],
    priority: number,
    action: AclWant['action'],
    match: string,
  ): AclWant => ({ direction, priority, match, action })
  return new Map([
    ['drop-in', acl('to-lport', PRIORITY.drop, 'drop', `outport == @${DROP_GROUP} && ip`)],
    ['drop-out', acl('from-lport', PRIORITY.drop, 'drop', `${from} && ip`)],
    [
      'dhcp4-client',
      acl('from-lport', PRIORITY.allow, 'allow-related', `${from} && ip4 && udp.src == 68 && udp.dst == 67`),
    ],
    [
      'dhcp6-client',
      acl(
        'from-lport',
        PRIORITY.allow,
        'allow-related',
        `${from} && ip6 && udp.src == 546 && udp.dst == 547`,
      ),
    ],
    [
      'dhcp4-server',
      acl('from-lport', PRIORITY.guard, 'drop', `${from} && ip4 && udp.src == 67 && udp.dst == 68`),
    ],
    [
      'dhcp6-server',
      acl('from-lport', PRIORITY.guard, 'drop', `${from} && ip6 && udp.src == 547 && udp.dst == 546`),
    ],
    ['router-advertisement', acl('from-lport', PRIORITY.guard, 'drop', `${from} && icmp6.type == 134`)],
  ])
}
