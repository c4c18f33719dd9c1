/** What a subnet looks like with all defaults filled in; pure, after neutron/db/db_base_plugin_v2.py _validate_subnet. */
import {
  type Address,
  type Cidr,
  contains,
  formatAddress,
  formatCidr,
  parseAddress,
  parseCidr,
} from '../../address/ip.ts'
import { checkGatewayOutside, checkPools, defaultPools, isUsable, type Pool } from '../../address/pool.ts'
import { errors } from '../../errors.ts'
import type { ChangeSubnet, CreateSubnet } from './schema.ts'

export interface SubnetPlan {
  ip_version: 4 | 6
  cidr: string
  gateway_ip: string | null
  enable_dhcp: boolean
  allocation_pools: Pool[]
  dns_nameservers: string[]
  host_routes: { destination: string; nexthop: string }[]
  ipv6_address_mode: string | null
}

/** @throws Problem 400 or 409 that says what does not fit together */
export const planSubnet = (want: CreateSubnet): SubnetPlan => {
  const cidr = parseCidr(want.cidr)!
  const version = want.ip_version ?? cidr.version
  if (version !== cidr.version)
    throw errors.invalidInput(`the cidr ${want.cidr} is not of IP version ${version}`)
  const enable_dhcp = want.enable_dhcp ?? true
  checkCidr(cidr, enable_dhcp)
  if (want.ipv6_address_mode && version === 4)
    throw errors.invalidInput('ipv6_address_mode is not valid when ip_version is 4')
  if (want.ipv6_address_mode && !enable_dhcp) throw errors.invalidInput('ipv6_address_mode needs enable_dhcp')
  const first = formatAddress({
    version,
    value: cidr.prefix >= (version === 4 ? 31 : 127) ? cidr.first : cidr.first + 1n,
  })
  const gateway_ip = want.gateway_ip === undefined ? first : want.gateway_ip
  checkGateway(cidr, gateway_ip)
  const dns_nameservers = want.dns_nameservers ?? []
  const host_routes = want.host_routes ?? []
  checkVersions(version, dns_nameservers, host_routes)
  return {
    ip_version: version,
    cidr: formatCidr(cidr),
    gateway_ip,
    enable_dhcp,
    allocation_pools: want.allocation_pools
      ? checkPools(cidr, want.allocation_pools, gateway_ip)
      : defaultPools(cidr, gateway_ip),
    dns_nameservers,
    host_routes,
    ipv6_address_mode: want.ipv6_address_mode ?? null,
  }
}

/** The plan columns that change. */
export const replanSubnet = (now: SubnetPlan, change: ChangeSubnet): Partial<SubnetPlan> => {
  const cidr = parseCidr(now.cidr)!
  const next = {
    ...(change.gateway_ip === undefined ? {} : { gateway_ip: change.gateway_ip }),
    ...(change.enable_dhcp === undefined ? {} : { enable_dhcp: change.enable_dhcp }),
    ...(change.dns_nameservers === undefined ? {} : { dns_nameservers: change.dns_nameservers }),
    ...(change.host_routes === undefined ? {} : { host_routes: change.host_routes }),
  }
  const { gateway_ip, enable_dhcp, dns_nameservers, host_routes } = { ...now, ...next }
  checkGateway(cidr, gateway_ip)
  checkCidr(cidr, enable_dhcp)
  if (now.ipv6_address_mode && !enable_dhcp) throw errors.invalidInput('ipv6_address_mode needs enable_dhcp')
  checkVersions(now.ip_version, dns_nameservers, host_routes)
  if (!change.allocation_pools) {
    checkGatewayOutside(now.allocation_pools, gateway_ip)
    return next
  }
  return { ...next, allocation_pools: checkPools(cidr, change.allocation_pools, gateway_ip) }
}

const RESERVED = [
  '127.0.0.0/8',
  '224.0.0.0/4',
  '169.254.0.0/16',
  '0.0.0.0/8',
  'ff00::/8',
  'fe80::/10',
  '::/128',
  '::1/128',
]

const checkCidr = (cidr: Cidr, enableDhcp: boolean): void => {
  const text = formatCidr(cidr)
  if (cidr.prefix === 0) throw errors.invalidInput('0 is not allowed as CIDR prefix length')
  const reserved = RESERVED.find(one =>
    contains(parseCidr(one)!, { version: cidr.version, value: cidr.first }),
  )
  if (reserved) throw errors.invalidInput(`the cidr ${text} is in ${reserved}, which is reserved`)
  if (enableDhcp && cidr.prefix > (cidr.version === 4 ? 30 : 126))
    throw errors.invalidInput(
      `the cidr ${text} has a prefix length that is incompatible with DHCP service enabled`,
    )
}

/** A gateway may lie outside of the subnet, but not on an address of it that no host can have. */
const checkGateway = (cidr: Cidr, gateway: string | null): void => {
  if (gateway === null) return
  const address = parseAddress(gateway) as Address
  if (address.version !== cidr.version)
    throw errors.invalidInput(`gateway_ip '${gateway}' does not match the ip_version '${cidr.version}'`)
  if (contains(cidr, address) && !isUsable(cidr, address))
    throw errors.invalidInput('Gateway is not valid on subnet')
}

const checkVersions = (
  version: 4 | 6,
  servers: string[],
  routes: { destination: string; nexthop: string }[],
): void => {
  for (const server of servers)
    if (parseAddress(server)!.version !== version)
      throw errors.invalidInput(`dns_nameserver '${server}' does not match the ip_version '${version}'`)
  for (const { destination, nexthop } of routes)
    if (parseCidr(destination)!.version !== version || parseAddress(nexthop)!.version !== version)
      throw errors.invalidInput(
        `host_route '${destination} via ${nexthop}' does not match the ip_version '${version}'`,
      )
}
