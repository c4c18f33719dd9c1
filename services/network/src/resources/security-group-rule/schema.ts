import { z } from 'zod'
import { parseAddress, parseCidr } from '../../address/ip.ts'
import { description, id, owner } from '../../collection/field.ts'

/** neutron/extensions/securitygroup.py: a number may be a string, '' and 'any' mean any. */
const protocol = z
  .union([z.string().max(40), z.number().int()])
  .nullish()
  .transform(value => {
    const text = value == null ? '' : String(value).toLowerCase()
    return text === '' || text === 'any' ? null : text
  })

const port = z
  .union([z.number().int(), z.string().regex(/^-?\d{1,9}$/, 'must be a number')])
  .nullish()
  .transform(value => (value == null ? null : Number(value)))

const prefix = z
  .string()
  .refine(value => value === '' || parseCidr(value) !== null || parseAddress(value) !== null, {
    error: 'must be a CIDR or an IP address',
  })
  .nullish()
  .transform(value => {
    if (!value) return null
    const address = parseAddress(value)
    return address ? `${value}/${address.version === 4 ? 32 : 128}` : value
  })

const ETHERTYPES: Record<string, 'IPv4' | 'IPv6'> = { ipv4: 'IPv4', ipv6: 'IPv6' }

export const CreateSecurityGroupRule = z.strictObject({
  ...owner,
  security_group_id: id,
  direction: z.enum(['ingress', 'egress']),
  ethertype: z
    .string()
    .refine(value => Object.hasOwn(ETHERTYPES, value.toLowerCase()), 'must be IPv4 or IPv6')
    .transform(value => ETHERTYPES[value.toLowerCase()]!)
    .optional(),
  protocol,
  port_range_min: port,
  port_range_max: port,
  remote_ip_prefix: prefix,
  remote_group_id: z.string().max(255).nullish(),
  remote_address_group_id: z.null({ error: 'address groups are not offered' }).optional(),
  description: description.optional(),
})
export type CreateSecurityGroupRule = z.output<typeof CreateSecurityGroupRule>
