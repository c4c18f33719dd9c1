/** What makes a rule consistent; pure, after neutron/db/securitygroups_db.py _validate_*. */
import { formatCidr, parseCidr } from '../../address/ip.ts'
import { errors } from '../../errors.ts'
import { protocolNumber } from '../../protocol.ts'
import type { CreateSecurityGroupRule } from './schema.ts'

export interface RuleColumns {
  direction: string
  ethertype: string
  protocol: string | null
  port_range_min: number | null
  port_range_max: number | null
  remote_ip_prefix: string | null
  remote_group_id: string | null
}

const WITH_PORTS = ['tcp', 'udp', 'sctp', 'dccp', 'udplite'].map(name => protocolNumber(name))
const ICMP = [1, 58]
const ONLY_IPV6 = ['ipv6-encap', 'ipv6-frag', 'ipv6-icmp', 'icmpv6', 'ipv6-nonxt', 'ipv6-opts', 'ipv6-route']

/** @throws Problem 400 that says which fields do not go together */
export const checkRule = (want: CreateSecurityGroupRule): RuleColumns => {
  const ethertype = want.ethertype ?? 'IPv4'
  const { protocol, port_range_min: min, port_range_max: max, remote_ip_prefix } = want
  if (remote_ip_prefix && want.remote_group_id) throw errors.remoteGroupAndPrefix()
  if (remote_ip_prefix && parseCidr(remote_ip_prefix)!.version !== (ethertype === 'IPv4' ? 4 : 6))
    throw errors.ruleConflict(ethertype, remote_ip_prefix)
  checkProtocol(protocol, ethertype)
  checkPorts(protocol, min, max)
  return {
    direction: want.direction,
    ethertype,
    protocol,
    port_range_min: min,
    port_range_max: max,
    remote_ip_prefix,
    remote_group_id: want.remote_group_id ?? null,
  }
}

const checkProtocol = (protocol: string | null, ethertype: string): void => {
  if (protocol === null) return
  if (protocolNumber(protocol) === null) throw errors.unknownProtocol(protocol)
  if (ethertype === 'IPv4' && ONLY_IPV6.includes(protocol))
    throw errors.protocolVersionConflict(protocol, ethertype)
}

const checkPorts = (protocol: string | null, min: number | null, max: number | null): void => {
  if (min === null && max === null) return
  for (const value of [min, max])
    if (value !== null && (value < 0 || value > 65_535)) throw errors.portValue(value)
  if (protocol === null) throw errors.portWithoutProtocol()
  const number = protocolNumber(protocol)
  if (ICMP.includes(number!)) {
    if (min !== null && min > 255) throw errors.icmpValue('type', 'port-range-min', min)
    if (max !== null && max > 255) throw errors.icmpValue('code', 'port-range-max', max)
    if (min === null && max !== null) throw errors.icmpTypeMissing(max)
  } else if (!WITH_PORTS.includes(number)) {
    throw errors.portWithOtherProtocol(protocol)
  } else if (min === null || max === null || min > max) {
    throw errors.portRange()
  }
}

/** Two rules with the same key allow the same: spellings of protocol and prefix do not count. */
export const ruleKey = (rule: RuleColumns): string => {
  const cidr = rule.remote_ip_prefix ? parseCidr(rule.remote_ip_prefix) : null
  return JSON.stringify([
    rule.direction,
    rule.ethertype,
    rule.protocol === null ? null : protocolNumber(rule.protocol),
    rule.port_range_min,
    rule.port_range_max,
    cidr && formatCidr(cidr),
    rule.remote_group_id,
  ])
}
