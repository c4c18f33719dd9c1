/**
 * A server's ports live in the network service; here is how a server makes sure of them. Their ids are derived from
 * the server's id and the place in its list, so making them again after a crash finds the ones made before, and
 * releasing them needs no memory of how far we came.
 */
import type { NetworkClient, Port } from '@caelum/clients'
import { childId } from '@caelum/kernel'
import type { SeenPort, ServerRow, WantedNetwork } from './store.ts'

const DEVICE_OWNER = 'compute:nova'
const portIdOf = (server: ServerRow, index: number): string => childId(server.id, `port-${index}`)

/** Makes, or takes over, every port the server wants, in the order wanted. Safe to repeat. */
export async function ensurePorts(network: NetworkClient, server: ServerRow): Promise<SeenPort[]> {
  const names = new Map<string, string>()
  const ports = await Promise.all(
    server.want_networks.map((want, index) => ensurePort(network, server, want, index)),
  )
  for (const { network_id } of ports)
    if (!names.has(network_id))
      names.set(
        network_id,
        (await network.network(network_id, { requestId: server.request_id }))?.name ?? network_id,
      )
  return ports.map((port, index) =>
    seenPort(port, names.get(port.network_id) ?? '', !server.want_networks[index]?.port_id),
  )
}

function ensurePort(
  network: NetworkClient,
  server: ServerRow,
  want: WantedNetwork,
  index: number,
): Promise<Port> {
  const owner = { device_id: server.id, device_owner: DEVICE_OWNER }
  if (want.port_id) return network.updatePort(want.port_id, owner, server.request_id)
  return network.ensurePort(
    {
      id: portIdOf(server, index),
      network_id: want.network_id ?? '',
      project_id: server.project_id,
      ...owner,
      ...(want.fixed_ip ? { fixed_ips: [{ ip_address: want.fixed_ip }] } : {}),
      ...(server.want_security_groups.length > 0
        ? { security_groups: server.want_security_groups.map(group => group.id) }
        : {}),
    },
    server.request_id,
  )
}

const seenPort = (port: Port, networkName: string, ours: boolean): SeenPort => ({
  port_id: port.id,
  network_id: port.network_id,
  network_name: networkName,
  mac: port.mac_address,
  fixed_ips: port.fixed_ips.map(ip => ({
    address: ip.ip_address,
    version: ip.ip_address.includes(':') ? 6 : 4,
    subnet_id: ip.subnet_id,
  })),
  bound_host: port['binding:host_id'] || null,
  ours,
})

/** Tells the network service on which host the ports will be plugged. */
export async function bindPorts(
  network: NetworkClient,
  server: ServerRow,
  host: string,
): Promise<SeenPort[]> {
  const ports = server.seen_ports ?? []
  return Promise.all(
    ports.map(async port => {
      if (port.bound_host === host) return port
      await network.updatePort(port.port_id, { 'binding:host_id': host }, server.request_id)
      return { ...port, bound_host: host }
    }),
  )
}

/** Removes the ports we made and gives back those the user brought; also when we never came to record them. */
export async function releasePorts(network: NetworkClient, server: ServerRow): Promise<void> {
  await Promise.all(
    server.want_networks.map(async (want, index) => {
      if (!want.port_id) return network.removePort(portIdOf(server, index), server.request_id)
      const port = await network.port(want.port_id, { requestId: server.request_id })
      if (port?.device_id === server.id)
        await network.updatePort(
          port.id,
          { device_id: '', device_owner: '', 'binding:host_id': '' },
          server.request_id,
        )
    }),
  )
}
