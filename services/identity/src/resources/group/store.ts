import { isForeignKeyViolation, isUniqueViolation } from '@caelum/db'
import { pageOf, whereName } from '../../collection.ts'
import type { Group, Prisma, PrismaClient } from '../../generated/client.ts'
import { type Lost, subjectsLosing, type Transact } from '../../revocation/store.ts'
import type { ListGroups } from './schema.ts'

export type { Group }
export type GroupStore = ReturnType<typeof groupStore>
export type GroupChange = Pick<Prisma.GroupUncheckedUpdateInput, 'name' | 'description' | 'extra'>

/** A directory may have lost it. */
const THERE = { NOT: { source: 'directory', outside_id: null } }

export const groupStore = (db: PrismaClient, transact: Transact) => ({
  async insert(row: Prisma.GroupUncheckedCreateInput): Promise<Group | 'name-taken' | 'no-domain'> {
    try {
      return await db.group.create({ data: row })
    } catch (error) {
      if (isUniqueViolation(error)) return 'name-taken'
      if (isForeignKeyViolation(error)) return 'no-domain'
      throw error
    }
  },

  get: (id: string): Promise<Group | null> => db.group.findFirst({ where: { id, ...THERE } }),

  /** @param within those of this domain only */
  list(query: ListGroups, within: string | undefined): Promise<Group[]> {
    const { page, ...order } = pageOf(query)
    const conditions: Prisma.GroupWhereInput[] = [...whereName(query).AND, page, THERE]
    if (query.domain_id !== undefined) conditions.push({ domain_id: query.domain_id })
    if (within !== undefined) conditions.push({ domain_id: within })
    return db.group.findMany({ where: { AND: conditions }, ...order })
  },

  /** @param decide the change, from the row as it is under lock; it may throw */
  async update(id: string, decide: (row: Group) => GroupChange): Promise<Group | 'not-found' | 'name-taken'> {
    try {
      return await db.$transaction(async tx => {
        await tx.$queryRaw`select 1 from groups where id = ${id} for update`
        const row = await tx.group.findUnique({ where: { id } })
        return row ? await tx.group.update({ where: { id }, data: decide(row) }) : 'not-found'
      })
    } catch (error) {
      if (isUniqueViolation(error)) return 'name-taken'
      throw error
    }
  },

  remove: (id: string): Promise<'removed' | 'not-found'> =>
    transact<'removed' | 'not-found'>(async tx => {
      await tx.$queryRaw`select 1 from groups where id = ${id} for update`
      const lost = await tx.$queryRaw<Lost[]>`
        select m.user_id, null as group_id, a.target_id, a.inherited
        from assignments a join recent_memberships m using (group_id) where group_id = ${id}`
      const { count } = await tx.group.deleteMany({ where: { id } })
      return { value: count === 0 ? 'not-found' : 'removed', revoked: subjectsLosing(lost) }
    }),

  async addUser(id: string, userId: string): Promise<'added' | 'not-found'> {
    try {
      await db.membership.createMany({ data: [{ group_id: id, user_id: userId }], skipDuplicates: true })
      return 'added'
    } catch (error) {
      if (isForeignKeyViolation(error)) return 'not-found'
      throw error
    }
  },

  async domainOfUser(id: string): Promise<string | undefined> {
    return (await db.user.findUnique({ where: { id }, select: { domain_id: true } }))?.domain_id
  },

  async hasUser(id: string, userId: string): Promise<boolean> {
    const rows = await db.$queryRaw<unknown[]>`
      select 1 as there from current_memberships where group_id = ${id} and user_id = ${userId}`
    return rows.length > 0
  },

  removeUser: (id: string, userId: string): Promise<boolean> =>
    transact(async tx => {
      await tx.$queryRaw`select 1 from groups where id = ${id} for update`
      const { count } = await tx.membership.deleteMany({ where: { group_id: id, user_id: userId } })
      const assigned = count > 0 ? await tx.assignment.findMany({ where: { group_id: id } }) : []
      const lost = assigned.map(row => ({ ...row, user_id: userId, group_id: null }))
      return { value: count > 0, revoked: subjectsLosing(lost) }
    }),
})
