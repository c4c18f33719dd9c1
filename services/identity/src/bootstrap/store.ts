import { newHexId, newId } from '@caelum/kernel'
import { subject } from '@caelum/token'
import type { Prisma, PrismaClient } from '../generated/client.ts'
import { replacePassword } from '../password/store.ts'
import type { Transact, Transaction } from '../revocation/store.ts'

export type BootstrapStore = ReturnType<typeof bootstrapStore>

/** Each `ensure` makes the row when there is none by that name and leaves one that is there as it is. */
export const bootstrapStore = (db: PrismaClient, transact: Transact) => ({
  async ensureDomain(id: string, name: string): Promise<void> {
    await db.project.createMany({
      data: [{ id, name, description: 'The default domain', is_domain: true, created_at: new Date() }],
      skipDuplicates: true,
    })
  },

  async ensureProject(domainId: string, name: string, description: string): Promise<string> {
    await db.project.createMany({
      data: [
        {
          id: newHexId(),
          name,
          description,
          domain_id: domainId,
          parent_id: domainId,
          created_at: new Date(),
        },
      ],
      skipDuplicates: true,
    })
    const row = await db.project.findUniqueOrThrow({
      where: { domain_id_name: { domain_id: domainId, name } },
    })
    return row.id
  },

  /** @param options for when it is made */
  async ensureUser(
    domainId: string,
    name: string,
    { defaultProjectId, options }: { defaultProjectId: string | null; options: Prisma.InputJsonObject },
  ): Promise<string> {
    await db.user.createMany({
      data: [
        {
          id: newHexId(),
          name,
          domain_id: domainId,
          default_project_id: defaultProjectId,
          options,
          created_at: new Date(),
        },
      ],
      skipDuplicates: true,
    })
    return (await localUser(db, domainId, name)).id
  },

  /** Nothing but the password stands between this user and a login. */
  restoreUser: (domainId: string, name: string, options: Prisma.InputJsonObject): Promise<void> =>
    transact(async tx => {
      const { id } = await localUser(tx, domainId, name)
      await tx.user.update({
        where: { id },
        data: { enabled: true, options, last_active_on: new Date() },
      })
      await tx.loginFailure.deleteMany({ where: { key: `account:${id}` } })
      return { value: undefined, revoked: [subject.user(id)] }
    }),

  async ensureRole(name: string, options: Prisma.InputJsonObject): Promise<string> {
    await db.role.createMany({
      data: [{ id: newHexId(), name, options, created_at: new Date() }],
      skipDuplicates: true,
    })
    const row = await db.role.findUniqueOrThrow({ where: { domain_id_name: { domain_id: '', name } } })
    return row.id
  },

  async ensureImplication(priorId: string, impliedId: string): Promise<void> {
    await db.implication.createMany({
      data: [{ prior_id: priorId, implied_id: impliedId }],
      skipDuplicates: true,
    })
  },

  /** @param targetId null: the whole system */
  async ensureAssignment(userId: string, roleId: string, targetId: string | null): Promise<void> {
    await db.assignment.createMany({
      data: [{ id: newId(), user_id: userId, role_id: roleId, target_id: targetId }],
      skipDuplicates: true,
    })
  },

  async ensureRegion(id: string): Promise<void> {
    await db.region.createMany({ data: [{ id, created_at: new Date() }], skipDuplicates: true })
  },

  async ensureService(type: string, name: string): Promise<string> {
    const found = await db.service.findFirst({ where: { type }, orderBy: { id: 'asc' } })
    if (found) return found.id
    const made = await db.service.create({ data: { id: newHexId(), type, name, created_at: new Date() } })
    return made.id
  },

  async setEndpoint(endpoint: {
    serviceId: string
    regionId: string
    kind: string
    url: string
  }): Promise<void> {
    const { serviceId, regionId, kind, url } = endpoint
    const where = { service_id: serviceId, region_id: regionId, interface: kind }
    const { count } = await db.endpoint.updateMany({ where, data: { url } })
    if (count === 0)
      await db.endpoint.create({ data: { id: newHexId(), ...where, url, created_at: new Date() } })
  },

  /** The user's tokens end with the old password. */
  setPassword: (userId: string, hash: string): Promise<void> =>
    transact(async tx => {
      await tx.$queryRaw`select 1 from users where id = ${userId} for update`
      await replacePassword(tx, userId, { hash, self_service: false, expires_at: null, keep: 1 })
      return { value: undefined, revoked: [subject.user(userId)] }
    }),

  async applied(key: string): Promise<string | null> {
    const row = await db.applied.findUnique({ where: { key } })
    return row?.value ?? null
  },

  async markApplied(key: string, value: string): Promise<void> {
    await db.applied.upsert({ where: { key }, create: { key, value }, update: { value } })
  },
})

const localUser = (tx: Transaction, domainId: string, name: string) =>
  tx.user.findFirstOrThrow({ where: { domain_id: domainId, name, source: 'local' } })
