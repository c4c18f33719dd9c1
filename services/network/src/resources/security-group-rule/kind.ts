import { integer, standardAttributes, text, uuid } from '../../collection/attribute.ts'
import type { CollectionKind } from '../../collection/kind.ts'

const { name: _, ...standard } = standardAttributes

export const securityGroupRuleKind: CollectionKind = {
  singular: 'security_group_rule',
  plural: 'security_group_rules',
  path: 'security-group-rules',
  tagged: false,
  attributes: {
    ...standard,
    security_group_id: uuid('security_group_id'),
    remote_group_id: uuid('remote_group_id'),
    direction: text('direction'),
    ethertype: text('ethertype'),
    protocol: text('protocol'),
    port_range_min: integer('port_range_min'),
    port_range_max: integer('port_range_max'),
    remote_ip_prefix: text('remote_ip_prefix'),
  },
}
