import { isUuid } from '@caelum/kernel'
import { parseAddress } from '../../address/ip.ts'
import {
  boolean,
  NOTHING,
  standardAttributes,
  tagAttributes,
  text,
  uuid,
} from '../../collection/attribute.ts'
import type { CollectionKind } from '../../collection/kind.ts'

/** `fixed_ips=ip_address=10.0.0.5` and `fixed_ips=subnet_id=...`; all given parts must be true of one address. */
const byFixedIp = (values: string[]): object => {
  const parts = values.flatMap(value => value.split(',')).map(part => part.split('='))
  const of = (name: string) => parts.filter(([key]) => key === name).map(([, value]) => value ?? '')
  const addresses = of('ip_address').filter(value => parseAddress(value))
  const subnets = of('subnet_id').filter(isUuid)
  if (!addresses.length && !subnets.length) return NOTHING
  return {
    fixed_ips: {
      some: {
        ...(addresses.length ? { address: { in: addresses } } : {}),
        ...(subnets.length ? { subnet_id: { in: subnets } } : {}),
      },
    },
  }
}

const bySecurityGroup = (values: string[]): object => ({
  security_groups: { some: { security_group_id: { in: values.filter(isUuid) } } },
})

/** As `statusOf` in state.ts derives it. */
const ACTIVE = { seen_up: true, binding_host_id: { not: '' } }
const byStatus = (values: string[]): object => ({
  OR: [...(values.includes('ACTIVE') ? [ACTIVE] : []), ...(values.includes('DOWN') ? [{ NOT: ACTIVE }] : [])],
})

export const portKind: CollectionKind = {
  singular: 'port',
  plural: 'ports',
  path: 'ports',
  tagged: true,
  attributes: {
    ...standardAttributes,
    ...tagAttributes,
    network_id: uuid('network_id'),
    admin_state_up: boolean('admin_state_up'),
    mac_address: text('mac_address'),
    device_id: text('device_id'),
    device_owner: text('device_owner'),
    port_security_enabled: boolean('port_security_enabled'),
    'binding:host_id': text('binding_host_id'),
    fixed_ips: { where: byFixedIp },
    security_groups: { where: bySecurityGroup },
    security_group_ids: { where: bySecurityGroup },
    status: { where: byStatus },
  },
}
