import { boolean, standardAttributes, tagAttributes } from '../../collection/attribute.ts'
import type { CollectionKind } from '../../collection/kind.ts'

export const securityGroupKind: CollectionKind = {
  singular: 'security_group',
  plural: 'security_groups',
  path: 'security-groups',
  tagged: true,
  attributes: {
    ...standardAttributes,
    ...tagAttributes,
    stateful: boolean('stateful'),
    shared: {
      where: values => (values.some(value => value.toLowerCase() === 'false') ? {} : { id: { in: [] } }),
    },
  },
}
