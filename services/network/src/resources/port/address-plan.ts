/**
 * Which addresses a port shall have, given the subnets of its network; the choice itself (a free one) is left to
 * whoever holds the lock. After neutron/db/ipam_pluggable_backend.py.
 */
import { type Address, contains, parseAddress, parseCidr } from '../../address/ip.ts'
import { isUsable, type Pool } from '../../address/pool.ts'
import { errors } from '../../errors.ts'
import type { FixedIpWant } from './schema.ts'

export interface PlanSubnet {
  id: string
  ip_version: 4 | 6
  cidr: string
  allocation_pools: Pool[]
}

/** `address` null: any free one, of the first of `subnets` that has one. */
export type AddressPlan = { subnets: string[]; address: string | null }

/** @throws Problem 400 when an address or subnet does not belong to the network */
export const planAddresses = (
  subnets: readonly PlanSubnet[],
  wants: readonly FixedIpWant[] | undefined,
): AddressPlan[] => (wants ? wants.map(want => planOne(subnets, want)) : planDefault(subnets))

/** Without wishes: one IPv4 and one IPv6 address, as far as there are such subnets. */
const planDefault = (subnets: readonly PlanSubnet[]): AddressPlan[] =>
  ([4, 6] as const).flatMap(version => {
    const ids = subnets.filter(subnet => subnet.ip_version === version).map(subnet => subnet.id)
    return ids.length ? [{ subnets: ids, address: null }] : []
  })

const planOne = (subnets: readonly PlanSubnet[], want: FixedIpWant): AddressPlan => {
  if (want.subnet_id === undefined && want.ip_address === undefined)
    throw errors.invalidInput('IP allocation requires subnet_id or ip_address')
  const named = subnets.find(subnet => subnet.id === want.subnet_id)
  if (want.subnet_id !== undefined && !named)
    throw errors.invalidInput(
      `Failed to create port on network, because fixed_ips included invalid subnet ${want.subnet_id}`,
    )
  if (want.ip_address === undefined) return { subnets: [named!.id], address: null }
  const address = parseAddress(want.ip_address) as Address
  const within = (subnet: PlanSubnet) => contains(parseCidr(subnet.cidr)!, address)
  const home = named ?? subnets.find(within)
  if (!home) throw errors.wrongIpForNetwork(want.ip_address)
  if (!isUsable(parseCidr(home.cidr)!, address)) throw errors.wrongIpForSubnet(want.ip_address)
  return { subnets: [home.id], address: want.ip_address }
}
