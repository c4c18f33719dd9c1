/**
 * A port may be made long after it was asked for: we died or gave up waiting, the server was deleted and its ports with
 * it, and only then the network service came to that request. Nobody would ever remove the port. So now and then all
 * ports of servers are compared with the servers.
 *
 * Ports are read before servers, and a server's row is there before its first port: a port without a server is an
 * orphan and never a newcomer. That it is ours is told by its id, which nobody else can choose; into `device_id` a user
 * may write what they like.
 */
import type { NetworkClient, Port } from '@caelum/clients'
import { isUuid, type Logger, newId } from '@caelum/kernel'
import { DEVICE_OWNER, isPortOf } from './ports.ts'
import type { ServerStore } from './store.ts'

const PAGE = 1_000

interface Deps {
  network: NetworkClient
  servers: Pick<ServerStore, 'missing'>
  log: Logger
}

export async function removeOrphanPorts(deps: Deps): Promise<void> {
  for (const port of await orphans(deps)) {
    await deps.network.removePort(port.id, `req-${newId()}`)
    deps.log.warn({ port: port.id, server: port.device_id }, 'a port of a server that is gone was removed')
  }
}

async function orphans({ network, servers }: Deps): Promise<Port[]> {
  const found: Port[] = []
  for (let marker: string | undefined; ; ) {
    const after = marker ? { marker } : {}
    const page = await network.ports({ device_owner: DEVICE_OWNER, limit: PAGE, ...after })
    const gone = new Set(await servers.missing([...new Set(page.map(port => port.device_id).filter(isUuid))]))
    found.push(...page.filter(port => gone.has(port.device_id) && isPortOf(port.device_id, port.id)))
    marker = page.at(-1)?.id
    if (page.length < PAGE) return found
  }
}
