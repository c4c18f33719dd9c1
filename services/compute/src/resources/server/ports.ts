/**
 * A server's ports live in the network service; here is how a server makes sure of them. Their ids are derived from
 * the server's id and the place in its list, so making them again after a crash finds the ones made before, and
 * releasing them needs no memory of how far we came.
 */
import type { NetworkClient, Port } from '@caelum/clients'
import { childId } from '@caelum/kernel'
import type { SeenPort, ServerRow, WantedNetwork } from './row.ts'
import { MAX_NETWORKS } from './schema.ts'

export const DEVICE_OWNER = 'compute:nova'
const portIdOf = (serverId: string, index: number): string => childId(serverId, `port-${index}`)

/** Was this port made by us for this server, whatever became of the server? */
export const isPortOf = (serverId: string, portId: string): boolean =>
  Array.from({ length: MAX_NETWORKS }, (_, index) => portIdOf(serverId, index)).includes(portId)

/** Makes, or takes over, every port the server wants, on the host where it will run. Safe to repeat. */
export const ensurePorts = (network: NetworkClient, server: ServerRow, host: string): Promise<SeenPort[]> =>
  Promise.all(
    server.want_networks.map(async (want, index) => {
      const port = await ensurePort(network, server, want, portIdOf(server.id, index), host)
      const { network_name, ...wiring } = await network.wiring(port.id, server.request_id)
      return {
        port_id: port.id,
        network_id: port.network_id,
        network_name,
        mac: port.mac_address,
        fixed_ips: port.fixed_ips.map(ip => ({
          address: ip.ip_address,
          version: ip.ip_address.includes(':') ? 6 : 4,
          subnet_id: ip.subnet_id,
        })),
        bound_host: host,
        ours: !want.port_id,
        wiring,
      } satisfies SeenPort
    }),
  )

async function ensurePort(
  network: NetworkClient,
  server: ServerRow,
  want: WantedNetwork,
  id: string,
  host: string,
): Promise<Port> {
  const owner = { device_id: server.id, device_owner: DEVICE_OWNER, 'binding:host_id': host }
  if (want.port_id) return network.updatePort(want.port_id, owner, server.request_id)
  const port = await network.ensurePort(
    {
      id,
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
  const elsewhere = port['binding:host_id'] !== host
  return elsewhere ? network.updatePort(id, { 'binding:host_id': host }, server.request_id) : port
}

/** Removes the ports we made and gives back those the user brought; also when we never came to record them. */
export async function releasePorts(network: NetworkClient, server: ServerRow): Promise<void> {
  await Promise.all(
    server.want_networks.map(async (want, index) => {
      if (!want.port_id) return network.removePort(portIdOf(server.id, index), server.request_id)
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
