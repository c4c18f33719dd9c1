import type { Session } from '../client/session.ts'
import { untilGone } from './guests.ts'
import { portsOf, type TenantNetwork } from './network.ts'
import type { Probe } from './probe.ts'
import type { Steps } from './steps.ts'
import { removeTenant, type Tenant } from './tenant.ts'

/** What the demo has made, to be removed whatever happened. */
export class Remains {
  readonly tenant: Tenant
  imageId: string | undefined
  network: TenantNetwork | undefined
  probe: Probe | undefined
  keyName: string | undefined
  readonly servers: string[] = []
  readonly ports: string[] = []

  constructor(tenant: Tenant) {
    this.tenant = tenant
  }

  ids(): string[] {
    const { projectId, userId, flavorId } = this.tenant
    const network = this.network ? [this.network.networkId, this.network.subnetId] : []
    const image = this.imageId ? [this.imageId] : []
    return [projectId, userId, flavorId, ...image, ...network, ...this.servers, ...this.ports]
  }
}

export async function removeAll(steps: Steps, admin: Session, remains: Remains): Promise<void> {
  const { tenant, servers, network, probe, keyName, imageId } = remains
  const { session } = tenant
  await steps.step('servers deleted', async () => {
    await probe?.unplug()
    for (const id of servers) await session.remove('compute', `/servers/${id}`)
    for (const id of servers) await untilGone(session, id, 60_000)
  })
  await steps.step('ports, network, key pair, image, user, project deleted', async () => {
    if (network) {
      for (const port of await portsOf(session, network.networkId))
        if (!port.device_owner) await session.remove('network', `/v2.0/ports/${port.id}`)
      await session.remove('network', `/v2.0/networks/${network.networkId}`)
    }
    if (keyName) await session.remove('compute', `/os-keypairs/${keyName}`)
    if (imageId) await session.remove('image', `/v2/images/${imageId}`)
    await removeDefaultGroups(admin, session)
    await removeTenant(admin, tenant)
  })
}

/**
 * Every project gets one; it does not go with the project, which identity alone knows. Only the administrator may
 * delete it; but it is the tenant who lists, because who lists gets a default group.
 */
async function removeDefaultGroups(admin: Session, tenant: Session): Promise<void> {
  const { security_groups: groups } = await tenant.call<{ security_groups: { id: string }[] }>(
    'network',
    'GET',
    '/v2.0/security-groups',
  )
  for (const group of groups) await admin.remove('network', `/v2.0/security-groups/${group.id}`)
}
