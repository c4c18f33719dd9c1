import { z } from 'zod'
import { parseCidr } from '../../address/ip.ts'
import { description, flag, id, ipAddress, name, owner } from '../../collection/field.ts'

/** neutron_lib/api/definitions/subnet.py */
const cidr = z.string().refine(value => parseCidr(value) !== null, 'must be a CIDR such as 10.0.0.0/24')
const pool = z.strictObject({ start: ipAddress, end: ipAddress })
const route = z.strictObject({ destination: cidr, nexthop: ipAddress })

const unique = (values: string[]) => new Set(values).size === values.length

const changeable = {
  name: name.optional(),
  description: description.optional(),
  enable_dhcp: flag.optional(),
  gateway_ip: ipAddress.nullish(),
  dns_nameservers: z.array(ipAddress).max(5).refine(unique, 'must not repeat a server').optional(),
  host_routes: z
    .array(route)
    .max(20)
    .refine(
      routes => unique(routes.map(one => `${one.destination} ${one.nexthop}`)),
      'must not repeat a route',
    )
    .optional(),
  allocation_pools: z.array(pool).max(100).optional(),
  service_types: z.array(z.string()).max(0, 'service types are not offered').optional(),
}

const NEEDS_ROUTER = 'router advertisements need a router, which this cloud does not offer yet'

export const CreateSubnet = z.strictObject({
  ...changeable,
  ...owner,
  network_id: id,
  ip_version: z
    .union([z.literal(4), z.literal(6), z.literal(['4', '6'])], { error: 'must be 4 or 6' })
    .transform(value => Number(value) as 4 | 6)
    .optional(),
  cidr,
  ipv6_address_mode: z.literal('dhcpv6-stateful', { error: NEEDS_ROUTER }).nullish(),
  ipv6_ra_mode: z.null({ error: NEEDS_ROUTER }).optional(),
  subnetpool_id: z.null({ error: 'subnet pools are not offered' }).optional(),
  use_default_subnetpool: flag.refine(value => !value, 'subnet pools are not offered').optional(),
  segment_id: z.null({ error: 'segments are not offered' }).optional(),
})
export type CreateSubnet = z.output<typeof CreateSubnet>

export const ChangeSubnet = z.strictObject(changeable)
export type ChangeSubnet = z.output<typeof ChangeSubnet>
