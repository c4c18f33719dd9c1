/**
 * A way into a tenant network for one person: a port of that network, plugged into the host where the server runs
 * (demo/probe.ts). The port is an ordinary one of the server's project, marked with the process that it is for. It goes
 * with that process; should the process be killed, the next `caelum ssh` finds the mark and takes the port away.
 */
import { existsSync } from 'node:fs'
import type { LabHost } from '@caelum/lab'
import type { Session } from '../client/session.ts'
import { CommandError } from '../command.ts'
import type { Port } from '../demo/network.ts'
import { Probe } from '../demo/probe.ts'

/** device_owner of our ports; device_id is the process id */
const OWNER = 'caelum:ssh'

type ServerView = {
  name: string
  status: string
  tenant_id: string
  'OS-EXT-SRV-ATTR:host': string | null
}

export type Target = {
  name: string
  host: string
  projectId: string
  networkId: string
  mtu: number
  ip: string
  prefixLength: number
}

/** @throws CommandError when there is nothing to log in to */
export async function targetOf(admin: Session, serverId: string): Promise<Target> {
  const { server } = await admin.call<{ server: ServerView }>('compute', 'GET', `/servers/${serverId}`)
  const host = server['OS-EXT-SRV-ATTR:host']
  if (server.status !== 'ACTIVE' || !host)
    throw new CommandError(`${server.name} is ${server.status}`, `openstack server start ${server.name}`)
  const { ports } = await admin.call<{ ports: PortView[] }>(
    'network',
    'GET',
    `/v2.0/ports?device_id=${serverId}`,
  )
  for (const { network_id: networkId, fixed_ips: ips } of ports)
    for (const { subnet_id: subnetId, ip_address: ip } of ips) {
      if (ip.includes(':')) continue
      const { subnet } = await admin.call<{ subnet: { cidr: string } }>(
        'network',
        'GET',
        `/v2.0/subnets/${subnetId}`,
      )
      const { network } = await admin.call<{ network: { mtu: number } }>(
        'network',
        'GET',
        `/v2.0/networks/${networkId}`,
      )
      const prefixLength = Number(subnet.cidr.split('/')[1])
      const { name, tenant_id: projectId } = server
      return { name, host, projectId, networkId, mtu: network.mtu, ip, prefixLength }
    }
  throw new CommandError(`${server.name} has no IPv4 address`, `openstack port list --server ${serverId}`)
}

type PortView = Port & {
  network_id: string
  device_id: string
  'binding:host_id': string
  fixed_ips: { subnet_id: string; ip_address: string }[]
}

/** @throws CommandError when the port cannot be made; then nothing of it is left */
export async function openDoor(
  admin: Session,
  host: LabHost,
  { networkId, projectId, mtu, prefixLength }: Target,
): Promise<{ probe: Probe; portId: string }> {
  const { port } = await admin.call<{ port: PortView }>('network', 'POST', '/v2.0/ports', {
    port: {
      name: 'caelum ssh',
      network_id: networkId,
      project_id: projectId,
      device_owner: OWNER,
      device_id: String(process.pid),
      'binding:host_id': host.name,
    },
  })
  const probe = new Probe(host, port, prefixLength)
  try {
    await probe.plug(mtu)
  } catch (error) {
    await closeDoor(admin, probe, port.id)
    throw error
  }
  return { probe, portId: port.id }
}

export async function closeDoor(admin: Session, probe: Probe, portId: string): Promise<void> {
  try {
    await probe.unplug()
  } finally {
    await admin.remove('network', `/v2.0/ports/${portId}`)
  }
}

/** Takes away what killed processes have left. */
export async function closeForgottenDoors(
  admin: Session,
  hosts: ReadonlyMap<string, LabHost>,
): Promise<void> {
  const { ports } = await admin.call<{ ports: PortView[] }>(
    'network',
    'GET',
    `/v2.0/ports?device_owner=${encodeURIComponent(OWNER)}`,
  )
  for (const port of ports) {
    if (existsSync(`/proc/${port.device_id}`)) continue
    const host = hosts.get(port['binding:host_id'])
    if (host) await closeDoor(admin, new Probe(host, port), port.id)
    else await admin.remove('network', `/v2.0/ports/${port.id}`)
  }
}
