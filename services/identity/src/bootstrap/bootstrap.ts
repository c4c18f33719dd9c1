/**
 * What must be there before the first login, made at every start: idempotent, and one process at a time (the caller
 * holds a lock). It is no transaction: every step looks whether its row is there, so dying half way costs nothing but
 * the next start's repeating it.
 *
 * Configuration is applied when it differs from what was applied last (`applied`), not whenever it differs from what
 * is: an administrator who changed a password or an endpoint through the API keeps that change over a restart.
 */
import type { Secret } from '@caelum/kernel'
import type { UserOptions } from '../account/rules.ts'
import { DEFAULT_DOMAIN } from '../collection.ts'
import type { PasswordHasher } from '../password/hasher.ts'
import type { BootstrapStore } from './store.ts'

export interface BootstrapConfig {
  region: string
  adminPassword: Secret
  demoPassword: Secret | undefined
  servicePasswords: Readonly<Record<string, Secret>>
  /** service type → URL */
  catalog: Readonly<Record<string, string>>
}

/** keystone/cmd/bootstrap.py: each implies the next. */
const CHAIN = ['admin', 'manager', 'member', 'reader'] as const
const INTERFACES = ['public', 'internal', 'admin'] as const
/** With their long random passwords they have nothing to fear from guesses, and much from whoever guesses wrong. */
export const NEVER_SHUT_OUT: UserOptions = {
  ignore_lockout_failure_attempts: true,
  ignore_change_password_upon_first_use: true,
  ignore_password_expiry: true,
  ignore_user_inactivity: true,
}
const IMMUTABLE = { immutable: true }

export async function bootstrap(
  { store, hasher }: { store: BootstrapStore; hasher: PasswordHasher },
  config: BootstrapConfig,
): Promise<void> {
  await store.ensureDomain(DEFAULT_DOMAIN, 'Default')
  const roles = await ensureRoles(store)
  await ensureUsers({ store, hasher }, config, roles)
  await ensureCatalog(store, config)
}

async function ensureRoles(
  store: BootstrapStore,
): Promise<Record<(typeof CHAIN)[number] | 'service', string>> {
  const [admin, manager, member, reader, service] = [
    await store.ensureRole('admin', IMMUTABLE),
    await store.ensureRole('manager', IMMUTABLE),
    await store.ensureRole('member', IMMUTABLE),
    await store.ensureRole('reader', IMMUTABLE),
    await store.ensureRole('service', IMMUTABLE),
  ]
  const chain = [admin, manager, member, reader]
  for (const [index, implied] of chain.slice(1).entries())
    await store.ensureImplication(chain[index] ?? '', implied)
  return { admin, manager, member, reader, service }
}

async function ensureUsers(
  { store, hasher }: { store: BootstrapStore; hasher: PasswordHasher },
  config: BootstrapConfig,
  roles: Awaited<ReturnType<typeof ensureRoles>>,
): Promise<void> {
  const project = (name: string, description: string) =>
    store.ensureProject(DEFAULT_DOMAIN, name, description)
  const user = async (
    name: string,
    password: Secret,
    { project: defaultProjectId = null, options = {} }: { project?: string | null; options?: UserOptions },
  ) => {
    const id = await store.ensureUser(DEFAULT_DOMAIN, name, { defaultProjectId, options: { ...options } })
    await applyPassword({ store, hasher }, { id, name, password: password.reveal() })
    return id
  }

  const adminProject = await project('admin', 'The administrators’ own project')
  const admin = await user('admin', config.adminPassword, { options: NEVER_SHUT_OUT })
  for (const target of [adminProject, DEFAULT_DOMAIN, null])
    await store.ensureAssignment(admin, roles.admin, target)

  const serviceProject = await project('service', 'The services’ own users')
  for (const [name, password] of Object.entries(config.servicePasswords))
    await store.ensureAssignment(
      await user(name, password, { project: serviceProject, options: NEVER_SHUT_OUT }),
      roles.service,
      serviceProject,
    )

  if (!config.demoPassword) return
  const demoProject = await project('demo', 'A project to try things in')
  const demo = await user('demo', config.demoPassword, { project: demoProject })
  await store.ensureAssignment(demo, roles.member, demoProject)
}

/** The mark is a hash too: it tells whether the configured password is the one applied before, and nothing else. */
async function applyPassword(
  { store, hasher }: { store: BootstrapStore; hasher: PasswordHasher },
  { id, name, password }: { id: string; name: string; password: string },
): Promise<void> {
  const key = `password:${name}`
  const [forUser = '', hash = ''] = (await store.applied(key))?.split(' ') ?? []
  if (forUser === id && (await hasher.verify(password, hash))) return
  const hashed = await hasher.hash(password)
  await store.setPassword(id, hashed)
  await store.markApplied(key, `${id} ${hashed}`)
}

async function ensureCatalog(store: BootstrapStore, { catalog, region }: BootstrapConfig): Promise<void> {
  await store.ensureRegion(region)
  for (const [type, url] of Object.entries(catalog)) {
    const key = `endpoint:${region}:${type}`
    if ((await store.applied(key)) === url) continue
    const serviceId = await store.ensureService(type, type)
    for (const kind of INTERFACES) await store.setEndpoint({ serviceId, regionId: region, kind, url })
    await store.markApplied(key, url)
  }
}
