import { CommandError } from '../command.ts'
import type { Session } from './session.ts'

/** An id, or the name of one server of any project. */
export async function serverId(admin: Session, idOrName: string): Promise<string> {
  if (/^[0-9a-f-]{32,36}$/.test(idOrName)) return idOrName
  const { servers } = await admin.call<{ servers: { id: string; name: string }[] }>(
    'compute',
    'GET',
    `/servers?all_tenants=1&name=${encodeURIComponent(`^${idOrName}$`)}`,
  )
  const [found, another] = servers.filter(server => server.name === idOrName)
  if (!found || another)
    throw new CommandError(
      found ? `several servers are named '${idOrName}'` : `there is no server '${idOrName}'`,
      'name it by its id: openstack server list --all-projects',
    )
  return found.id
}
