import { isForeignKeyViolation, isUniqueViolation } from '@caelum/db'
import { subject } from '@caelum/token'
import { pageOf, whereName } from '../../collection.ts'
import type { Implication, Prisma, PrismaClient, Role } from '../../generated/client.ts'
import type { Transact } from '../../revocation/store.ts'
import type { ListRoles } from './schema.ts'

export type { Role }
export type RoleStore = ReturnType<typeof roleStore>
export type RoleChange = Pick<Prisma.RoleUncheckedUpdateInput, 'name' | 'description' | 'options' | 'extra'>

/** under which implications change, so that two changes cannot close a circle between them */
const IMPLICATION_LOCK = 7_270_004

export const roleStore = (db: PrismaClient, transact: Transact) => ({
  async insert(
    row: Prisma.RoleUncheckedCreateInput & { domain_id: string },
  ): Promise<Role | 'name-taken' | 'no-domain'> {
    try {
      return await db.$transaction(async tx => {
        if (row.domain_id !== '') {
          const domain = await tx.$queryRaw<unknown[]>`
            select 1 from projects where id = ${row.domain_id} and is_domain for share`
          if (domain.length === 0) return 'no-domain'
        }
        return tx.role.create({ data: row })
      })
    } catch (error) {
      if (isUniqueViolation(error)) return 'name-taken'
      throw error
    }
  },

  get: (id: string): Promise<Role | null> => db.role.findUnique({ where: { id } }),

  /** those with these ids, and the global ones with these names */
  referred: ({ ids, names }: { ids: string[]; names: string[] }): Promise<Role[]> =>
    db.role.findMany({ where: { OR: [{ id: { in: ids } }, { domain_id: '', name: { in: names } }] } }),

  /** the roles of one domain; without a domain the global ones */
  list(query: ListRoles): Promise<Role[]> {
    const { page, ...order } = pageOf(query)
    const conditions = [...whereName(query).AND, page, { domain_id: query.domain_id ?? '' }]
    return db.role.findMany({ where: { AND: conditions }, ...order })
  },

  /** @param decide the change, from the row as it is under lock; it may throw */
  async update(id: string, decide: (row: Role) => RoleChange): Promise<Role | 'not-found' | 'name-taken'> {
    try {
      return await transact<Role | 'not-found'>(async tx => {
        await tx.$queryRaw`select 1 from roles where id = ${id} for update`
        const row = await tx.role.findUnique({ where: { id } })
        if (!row) return { value: 'not-found', revoked: [] }
        const value = await tx.role.update({ where: { id }, data: decide(row) })
        return { value, revoked: row.name === value.name ? [] : [subject.role(id)] }
      })
    } catch (error) {
      if (isUniqueViolation(error)) return 'name-taken'
      throw error
    }
  },

  /** Every token that shows the role ends. @param check may throw */
  remove: (id: string, check: (row: Role) => void): Promise<'removed' | 'not-found'> =>
    transact<'removed' | 'not-found'>(async tx => {
      await tx.$queryRaw`select 1 from roles where id = ${id} for update`
      const row = await tx.role.findUnique({ where: { id } })
      if (!row) return { value: 'not-found', revoked: [] }
      check(row)
      await tx.role.delete({ where: { id } })
      return { value: 'removed', revoked: [subject.role(id)] }
    }),

  implications: (): Promise<Implication[]> => db.implication.findMany(),

  roles: (ids: string[]): Promise<Role[]> =>
    db.role.findMany({ where: { id: { in: ids } }, orderBy: { id: 'asc' } }),

  async imply(priorId: string, impliedId: string): Promise<'implied' | 'circle' | 'not-found'> {
    try {
      return await db.$transaction(async tx => {
        await tx.$queryRaw`select pg_advisory_xact_lock(${IMPLICATION_LOCK}::bigint)::text`
        const back = await tx.$queryRaw<unknown[]>`
          with recursive reached (id) as (
            select ${impliedId}::text
            union
            select implied_id from reached join implications on prior_id = reached.id
          )
          select 1 from reached where id = ${priorId}`
        if (back.length > 0) return 'circle'
        await tx.implication.createMany({
          data: [{ prior_id: priorId, implied_id: impliedId }],
          skipDuplicates: true,
        })
        return 'implied'
      })
    } catch (error) {
      if (isForeignKeyViolation(error)) return 'not-found'
      throw error
    }
  },

  /** Every token of the prior role ends: it may show what is no longer implied. */
  unimply: (priorId: string, impliedId: string): Promise<boolean> =>
    transact(async tx => {
      const { count } = await tx.implication.deleteMany({
        where: { prior_id: priorId, implied_id: impliedId },
      })
      return { value: count > 0, revoked: count > 0 ? [subject.role(priorId)] : [] }
    }),
})
