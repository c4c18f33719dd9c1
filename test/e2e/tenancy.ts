import { createNetwork, type Port, type TenantNetwork } from '../../packages/cli/src/demo/network.ts'
import { Probe } from '../../packages/cli/src/demo/probe.ts'
import { createTenant, type Tenant } from '../../packages/cli/src/demo/tenant.ts'
import type { Scene } from './scene.ts'

const RAM_MB = 256
const KEY_NAME = 'key'

/** A project with its user, a flavor, a key pair, a network with one subnet, and the default security group. */
export interface Tenancy extends Tenant {
  network: TenantNetwork
  keyName: string
}

export async function openTenancy(scene: Scene, name: string): Promise<Tenancy> {
  const { admin } = scene.cloud
  const tenant = await createTenant(admin, admin.urlOf('identity'), name, RAM_MB)
  const { session } = tenant
  await session.call('compute', 'POST', '/os-keypairs', {
    keypair: { name: KEY_NAME, public_key: scene.key.publicKey },
  })
  return { ...tenant, network: await createNetwork(session, name), keyName: KEY_NAME }
}

type PortWishes = { ip?: string; groups?: string[] }

/** In the default security group unless others are named. */
export async function createPort(tenancy: Tenancy, wishes: PortWishes = {}): Promise<Port> {
  const { networkId, subnetId } = tenancy.network
  const { port } = await tenancy.session.call<{ port: Port }>('network', 'POST', '/v2.0/ports', {
    port: {
      network_id: networkId,
      ...(wishes.ip && { fixed_ips: [{ subnet_id: subnetId, ip_address: wishes.ip }] }),
      ...(wishes.groups && { security_groups: wishes.groups }),
    },
  })
  return port
}

export type PortView = Port & {
  status: string
  security_groups: string[]
  device_id: string
  device_owner: string
}

export async function showPort({ session }: Tenancy, id: string): Promise<PortView> {
  return (await session.call<{ port: PortView }>('network', 'GET', `/v2.0/ports/${id}`)).port
}

export async function portOf({ session }: Tenancy, serverId: string): Promise<PortView> {
  const path = `/v2.0/ports?device_id=${serverId}`
  return (await session.call<{ ports: PortView[] }>('network', 'GET', path)).ports[0]!
}

export const addressOf = (port: Port): string => port.fixed_ips[0]!.ip_address

export type PluggedProbe = { probe: Probe; port: Port; ip: string }

/** A machine of the tenant's on that host: bound there by the administrator, plugged by us; it answers when up. */
export async function plugProbe(
  scene: Scene,
  tenancy: Tenancy,
  host: string,
  wishes: PortWishes = {},
): Promise<PluggedProbe> {
  const port = await createPort(tenancy, wishes)
  await scene.cloud.admin.call('network', 'PUT', `/v2.0/ports/${port.id}`, {
    port: { 'binding:host_id': host },
  })
  const probe = new Probe(scene.hosts.get(host)!, port)
  await probe.plug(tenancy.network.mtu)
  return { probe, port, ip: addressOf(port) }
}
