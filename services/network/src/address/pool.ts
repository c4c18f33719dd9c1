/** Allocation pools of a subnet: pure rules, in the words of neutron/ipam/subnet_alloc.py and ipam/utils.py. */
import { errors } from '../errors.ts'
import {
  type Address,
  type Cidr,
  contains,
  formatAddress,
  formatCidr,
  type IpVersion,
  parseAddress,
} from './ip.ts'

export interface Pool {
  start: string
  end: string
}

export interface Range {
  first: bigint
  last: bigint
}

/** Addresses a guest can have: without network and broadcast address in IPv4, without subnet-router anycast in IPv6. */
export const usable = ({ version, prefix, first, last }: Cidr): Range => {
  if (version === 6) return prefix >= 127 ? { first, last } : { first: first + 1n, last }
  return prefix >= 31 ? { first, last } : { first: first + 1n, last: last - 1n }
}

export const isUsable = (cidr: Cidr, address: Address): boolean => {
  const { first, last } = usable(cidr)
  return contains(cidr, address) && first <= address.value && address.value <= last
}

/** Everything usable but the gateway. */
export const defaultPools = (cidr: Cidr, gateway: string | null): Pool[] => {
  const { first, last } = usable(cidr)
  const gap = gateway === null ? null : parseAddress(gateway)
  const ranges =
    gap && isUsable(cidr, gap)
      ? [
          { first, last: gap.value - 1n },
          { first: gap.value + 1n, last },
        ]
      : [{ first, last }]
  return ranges.filter(range => range.first <= range.last).map(range => poolOf(cidr.version, range))
}

const poolOf = (version: IpVersion, { first, last }: Range): Pool => ({
  start: formatAddress({ version, value: first }),
  end: formatAddress({ version, value: last }),
})

export const rangeOf = ({ start, end }: Pool): Range => ({
  first: parseAddress(start)!.value,
  last: parseAddress(end)!.value,
})

const show = ({ start, end }: Pool) => `${start}-${end}`

/**
 * Sorted and in canonical form.
 *
 * @throws Problem 400 when a pool is no range of this subnet, 409 when pools overlap or hold the gateway
 */
export const checkPools = (cidr: Cidr, pools: Pool[], gateway: string | null): Pool[] => {
  for (const pool of pools) {
    const [start, end] = [parseAddress(pool.start)!, parseAddress(pool.end)!]
    if (start.version !== cidr.version || end.version !== cidr.version || start.value > end.value)
      throw errors.poolInvalid(show(pool))
    if (!isUsable(cidr, start) || !isUsable(cidr, end))
      throw errors.poolOutOfBounds(show(pool), formatCidr(cidr))
  }
  const sorted = [...pools].sort((a, b) => (rangeOf(a).first < rangeOf(b).first ? -1 : 1))
  for (const [index, pool] of sorted.entries()) {
    const next = sorted[index + 1]
    if (next && rangeOf(pool).last >= rangeOf(next).first)
      throw errors.poolsOverlap(show(pool), show(next), formatCidr(cidr))
  }
  checkGatewayOutside(sorted, gateway)
  return sorted
}

/** @throws Problem 409: the gateway's address must not be given to anybody else */
export const checkGatewayOutside = (pools: Pool[], gateway: string | null): void => {
  const address = gateway === null ? null : parseAddress(gateway)
  for (const pool of pools) {
    const { first, last } = rangeOf(pool)
    if (address && first <= address.value && address.value <= last && versionOf(pool) === address.version)
      throw errors.poolConflict(show(pool), gateway!)
  }
}

const versionOf = (pool: Pool): IpVersion => parseAddress(pool.start)!.version

/**
 * The parts of the pools in the order in which a free address is looked for: from `cursor` on to the end, then from the
 * beginning. So an address that was just given back is taken again as late as possible.
 */
export const searchOrder = (pools: Pool[], cursor: bigint | null): Range[] => {
  const ranges = pools.map(rangeOf)
  if (cursor === null) return ranges
  const before = ranges.map(({ first, last }) => ({ first, last: last < cursor ? last : cursor - 1n }))
  const after = ranges.map(({ first, last }) => ({ first: first > cursor ? first : cursor, last }))
  return [...after, ...before].filter(({ first, last }) => first <= last)
}
