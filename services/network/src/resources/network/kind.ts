import {
  boolean,
  constant,
  integer,
  isTrue,
  standardAttributes,
  tagAttributes,
} from '../../collection/attribute.ts'
import type { CollectionKind } from '../../collection/kind.ts'

export const networkKind: CollectionKind = {
  singular: 'network',
  plural: 'networks',
  path: 'networks',
  tagged: true,
  attributes: {
    ...standardAttributes,
    ...tagAttributes,
    admin_state_up: boolean('admin_state_up'),
    shared: boolean('shared'),
    mtu: integer('mtu'),
    port_security_enabled: boolean('port_security_enabled'),
    status: constant(value => value === 'ACTIVE'),
    'router:external': constant(value => !isTrue(value)),
  },
}
