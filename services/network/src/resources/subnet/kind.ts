import {
  boolean,
  constant,
  integer,
  standardAttributes,
  tagAttributes,
  text,
  uuid,
} from '../../collection/attribute.ts'
import type { CollectionKind } from '../../collection/kind.ts'

export const subnetKind: CollectionKind = {
  singular: 'subnet',
  plural: 'subnets',
  path: 'subnets',
  tagged: true,
  attributes: {
    ...standardAttributes,
    ...tagAttributes,
    network_id: uuid('network_id'),
    ip_version: integer('ip_version'),
    cidr: text('cidr'),
    gateway_ip: text('gateway_ip'),
    enable_dhcp: boolean('enable_dhcp'),
    ipv6_address_mode: text('ipv6_address_mode'),
    shared: {
      where: values => boolean('shared').where!(values) && { network: boolean('shared').where!(values) },
    },
    'router:external': constant(value => value.toLowerCase() === 'false'),
  },
}
