import { isForeignKeyViolation, isUniqueViolation } from '@caelum/db'
import { newId } from '@caelum/kernel'
import { subject } from '@caelum/token'
import { type Page, pageOf, whereName } from '../../collection.ts'
import type { Prisma, PrismaClient, User } from '../../generated/client.ts'
import type { Transact, Transaction } from '../../revocation/store.ts'
import type { ListUsers } from './schema.ts'

export type { User }
export type UserStore = ReturnType<typeof userStore>
export type UserChange = Pick<
  Prisma.UserUncheckedUpdateInput,
  'name' | 'description' | 'enabled' | 'default_project_id' | 'options' | 'extra'
>

export const userStore = (db: PrismaClient, transact: Transact) => ({
  /** @param hash null: no password */
  async insert(
    row: Prisma.UserUncheckedCreateInput & { id: string },
    hash: string | null,
  ): Promise<User | 'name-taken' | 'no-domain'> {
    try {
      return await db.$transaction(async tx => {
        const made = await tx.user.create({ data: row })
        if (hash !== null) await addPassword(tx, row.id, hash)
        return made
      })
    } catch (error) {
      if (isUniqueViolation(error)) return 'name-taken'
      if (isForeignKeyViolation(error)) return 'no-domain'
      throw error
    }
  },

  get: (id: string): Promise<User | null> => db.user.findUnique({ where: { id } }),

  /** @param within those of this domain only */
  list(query: ListUsers, within: string | undefined): Promise<User[]> {
    const { page, ...order } = pageOf(query)
    const conditions: Prisma.UserWhereInput[] = [...whereName(query).AND, page]
    if (query.domain_id !== undefined) conditions.push({ domain_id: query.domain_id })
    if (within !== undefined) conditions.push({ domain_id: within })
    if (query.enabled !== undefined) conditions.push({ enabled: query.enabled })
    return db.user.findMany({ where: { AND: conditions }, ...order })
  },

  /** @param within those of this domain only */
  listOfGroup(groupId: string, query: ListUsers, within: string | undefined): Promise<User[]> {
    const { page, ...order } = pageOf(query)
    const conditions: Prisma.UserWhereInput[] = [
      ...whereName(query).AND,
      page,
      { memberships: { some: { group_id: groupId } } },
    ]
    if (within !== undefined) conditions.push({ domain_id: within })
    return db.user.findMany({ where: { AND: conditions }, ...order })
  },

  /** of a user who is enabled, in a domain that is */
  password: (userId: string): Promise<{ id: string; hash: string } | null> =>
    db.password.findFirst({
      where: { user_id: userId, user: { enabled: true, domain: { enabled: true } } },
      orderBy: { id: 'desc' },
      select: { id: true, hash: true },
    }),

  /**
   * @param decide the change, from the row as it is under lock; it may throw
   * @param hash of a new password; null takes the password away; undefined leaves it
   */
  async update(
    id: string,
    decide: (row: User) => UserChange,
    hash?: string | null,
  ): Promise<User | 'not-found' | 'name-taken'> {
    try {
      return await transact<User | 'not-found'>(async tx => {
        await tx.$queryRaw`select 1 from users where id = ${id} for update`
        const row = await tx.user.findUnique({ where: { id } })
        if (!row) return { value: 'not-found', revoked: [] }
        const value = await tx.user.update({ where: { id }, data: decide(row) })
        if (hash !== undefined) await replacePassword(tx, id, hash)
        const lost = hash !== undefined || (row.enabled && !value.enabled)
        return { value, revoked: lost ? [subject.user(id)] : [] }
      })
    } catch (error) {
      if (isUniqueViolation(error)) return 'name-taken'
      throw error
    }
  },

  /** Only if the password checked is still the one that counts. */
  changePassword: (id: string, checkedId: string, hash: string): Promise<'changed' | 'lost-race'> =>
    transact<'changed' | 'lost-race'>(async tx => {
      await tx.$queryRaw`select 1 from users where id = ${id} for update`
      const newest = await tx.password.findFirst({ where: { user_id: id }, orderBy: { id: 'desc' } })
      if (newest?.id !== checkedId) return { value: 'lost-race', revoked: [] }
      await replacePassword(tx, id, hash)
      return { value: 'changed', revoked: [subject.user(id)] }
    }),

  remove: (id: string): Promise<'removed' | 'not-found'> =>
    transact<'removed' | 'not-found'>(async tx => {
      const { count } = await tx.user.deleteMany({ where: { id } })
      return count === 0
        ? { value: 'not-found', revoked: [] }
        : { value: 'removed', revoked: [subject.user(id)] }
    }),

  /** @param within those of this domain only */
  groups(userId: string, query: Page, within: string | undefined) {
    const { page, ...order } = pageOf(query)
    const conditions: Prisma.GroupWhereInput[] = [page, { memberships: { some: { user_id: userId } } }]
    if (within !== undefined) conditions.push({ domain_id: within })
    return db.group.findMany({ where: { AND: conditions }, ...order })
  },
})

const addPassword = (tx: Transaction, userId: string, hash: string) =>
  tx.password.create({ data: { id: newId(), user_id: userId, hash, created_at: new Date() } })

async function replacePassword(tx: Transaction, userId: string, hash: string | null): Promise<void> {
  await tx.password.deleteMany({ where: { user_id: userId } })
  if (hash !== null) await addPassword(tx, userId, hash)
}
