import { z } from 'zod'
import { parseCidr } from '../../address/ip.ts'
import { description, flag, id, ipAddress, mac, name, owner, shortText } from '../../collection/field.ts'

/** neutron_lib/api/definitions/port.py, portbindings.py, port_security.py, allowedaddresspairs.py */
const fixedIp = z.strictObject({ subnet_id: id.optional(), ip_address: ipAddress.optional() })
export type FixedIpWant = z.output<typeof fixedIp>

const addressOrCidr = z.union([ipAddress, z.string().refine(value => parseCidr(value) !== null)], {
  error: 'must be an IP address or a CIDR',
})
const pair = z.strictObject({ ip_address: addressOrCidr, mac_address: mac.optional() })

const changeable = {
  name: name.optional(),
  description: description.optional(),
  admin_state_up: flag.optional(),
  device_id: shortText.optional(),
  device_owner: shortText.optional(),
  mac_address: mac.optional(),
  fixed_ips: z.array(fixedIp).max(100).optional(),
  security_groups: z
    .array(id)
    .max(100)
    .transform(ids => [...new Set(ids)])
    .nullish(),
  port_security_enabled: flag.optional(),
  allowed_address_pairs: z
    .array(pair)
    .max(10)
    .refine(
      pairs => new Set(pairs.map(one => `${one.mac_address} ${one.ip_address}`)).size === pairs.length,
      {
        error: 'must not repeat a pair',
      },
    )
    .nullish(),
  /** services and administrators only */
  'binding:host_id': shortText.nullish(),
  'binding:profile': z.record(z.string(), z.json()).nullish(),
  'binding:vnic_type': z.literal('normal', { error: "only 'normal' is offered" }).optional(),
}

export const CreatePort = z.strictObject({
  ...changeable,
  ...owner,
  network_id: id,
  /** other services only: their retry finds the port of the first try */
  id: id.optional(),
})
export type CreatePort = z.output<typeof CreatePort>

export const ChangePort = z.strictObject(changeable)
export type ChangePort = z.output<typeof ChangePort>
