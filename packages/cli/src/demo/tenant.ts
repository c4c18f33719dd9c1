import { randomBytes } from 'node:crypto'
import { Session } from '../client/session.ts'

/** An ordinary user in a project of its own, and a flavor that fits the guest: what an administrator prepares. */
export type Tenant = { session: Session; projectId: string; userId: string; flavorId: string }

type Created<K extends string> = { [key in K]: { id: string } }

export async function createTenant(
  admin: Session,
  authUrl: string,
  name: string,
  ramMb: number,
): Promise<Tenant> {
  const password = randomBytes(18).toString('base64url')
  const domain = { domain_id: 'default' }
  const { project } = await admin.call<Created<'project'>>('identity', 'POST', '/projects', {
    project: { name, ...domain },
  })
  const { user } = await admin.call<Created<'user'>>('identity', 'POST', '/users', {
    user: { name, password, ...domain },
  })
  const { roles } = await admin.call<{ roles: { id: string }[] }>('identity', 'GET', '/roles?name=member')
  await admin.call('identity', 'PUT', `/projects/${project.id}/users/${user.id}/roles/${roles[0]!.id}`)
  const { flavor } = await admin.call<Created<'flavor'>>('compute', 'POST', '/flavors', {
    flavor: { name, vcpus: 1, ram: ramMb, disk: 1 },
  })
  const session = await Session.open({ authUrl, user: name, password, project: name })
  return { session, projectId: project.id, userId: user.id, flavorId: flavor.id }
}

export async function removeTenant(admin: Session, tenant: Tenant): Promise<void> {
  await admin.remove('compute', `/flavors/${tenant.flavorId}`)
  await admin.remove('identity', `/users/${tenant.userId}`)
  await admin.remove('identity', `/projects/${tenant.projectId}`)
}
