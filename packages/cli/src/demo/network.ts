import type { Session } from '../client/session.ts'

export type TenantNetwork = { networkId: string; subnetId: string; mtu: number }

export type Port = { id: string; mac_address: string; fixed_ips: { ip_address: string }[] }

export const PREFIX_LENGTH = 24
const CIDR = `192.168.77.0/${PREFIX_LENGTH}`

export async function createNetwork(tenant: Session, name: string): Promise<TenantNetwork> {
  const { network } = await tenant.call<{ network: { id: string; mtu: number } }>(
    'network',
    'POST',
    '/v2.0/networks',
    { network: { name } },
  )
  const { subnet } = await tenant.call<{ subnet: { id: string } }>('network', 'POST', '/v2.0/subnets', {
    subnet: { name, network_id: network.id, ip_version: 4, cidr: CIDR },
  })
  return { networkId: network.id, subnetId: subnet.id, mtu: network.mtu }
}

export async function createPort(tenant: Session, networkId: string, name: string): Promise<Port> {
  const { port } = await tenant.call<{ port: Port }>('network', 'POST', '/v2.0/ports', {
    port: { network_id: networkId, name },
  })
  return port
}

export async function portsOf(
  tenant: Session,
  networkId: string,
): Promise<(Port & { device_owner: string })[]> {
  const { ports } = await tenant.call<{ ports: (Port & { device_owner: string })[] }>(
    'network',
    'GET',
    `/v2.0/ports?network_id=${networkId}`,
  )
  return ports
}
