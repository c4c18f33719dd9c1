import { isUniqueViolation } from '@caelum/db'
import { subject } from '@caelum/token'
import { pageOf, whereName } from '../../collection.ts'
import type { Prisma, PrismaClient, Project } from '../../generated/client.ts'
import type { Transact } from '../../revocation/store.ts'
import type { ListDomains } from './schema.ts'

/** A project that acts as one. */
export type Domain = Project
export type DomainStore = ReturnType<typeof domainStore>
export type DomainChange = Pick<
  Prisma.ProjectUncheckedUpdateInput,
  'name' | 'description' | 'enabled' | 'tags' | 'options' | 'extra'
>

export const domainStore = (db: PrismaClient, transact: Transact) => ({
  async insert(row: Prisma.ProjectUncheckedCreateInput): Promise<Domain | 'name-taken'> {
    try {
      return await db.project.create({ data: { ...row, is_domain: true } })
    } catch (error) {
      if (isUniqueViolation(error)) return 'name-taken'
      throw error
    }
  },

  get: (id: string): Promise<Domain | null> => db.project.findUnique({ where: { id, is_domain: true } }),

  /** @param within only this one */
  list(query: ListDomains, within: string | undefined): Promise<Domain[]> {
    const { page, ...order } = pageOf(query)
    const conditions: Prisma.ProjectWhereInput[] = [...whereName(query).AND, page, { is_domain: true }]
    if (query.enabled !== undefined) conditions.push({ enabled: query.enabled })
    if (within !== undefined) conditions.push({ id: within })
    return db.project.findMany({ where: { AND: conditions }, ...order })
  },

  /** @param decide the change, from the row as it is under lock; it may throw */
  async update(
    id: string,
    decide: (row: Domain) => DomainChange,
  ): Promise<Domain | 'not-found' | 'name-taken'> {
    try {
      return await transact<Domain | 'not-found'>(async tx => {
        await tx.$queryRaw`select 1 from projects where id = ${id} for update`
        const row = await tx.project.findUnique({ where: { id, is_domain: true } })
        if (!row) return { value: 'not-found', revoked: [] }
        const value = await tx.project.update({ where: { id }, data: decide(row) })
        return { value, revoked: row.enabled && !value.enabled ? [subject.domain(id)] : [] }
      })
    } catch (error) {
      if (isUniqueViolation(error)) return 'name-taken'
      throw error
    }
  },

  /** With everything in it: users, groups, projects, roles. @param check may throw */
  remove: (id: string, check: (row: Domain) => void): Promise<'removed' | 'not-found'> =>
    transact<'removed' | 'not-found'>(async tx => {
      await tx.$queryRaw`select 1 from projects where id = ${id} for update`
      const row = await tx.project.findUnique({ where: { id, is_domain: true } })
      if (!row) return { value: 'not-found', revoked: [] }
      check(row)
      const roles = await tx.role.findMany({ where: { domain_id: id }, select: { id: true } })
      const providers = await tx.identityProvider.findMany({ where: { domain_id: id }, select: { id: true } })
      await tx.user.deleteMany({ where: { domain_id: id } })
      await tx.group.deleteMany({ where: { domain_id: id } })
      await tx.role.deleteMany({ where: { domain_id: id } })
      await tx.project.deleteMany({ where: { domain_id: id } })
      await tx.project.delete({ where: { id } })
      const revoked = [
        subject.domain(id),
        ...roles.map(role => subject.role(role.id)),
        ...providers.map(provider => subject.identityProvider(provider.id)),
      ]
      return { value: 'removed', revoked }
    }),
})
