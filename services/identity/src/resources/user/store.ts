import { isForeignKeyViolation, isUniqueViolation } from '@caelum/db'
import { subject } from '@caelum/token'
import { type Page, pageOf, whereName } from '../../collection.ts'
import type { FederatedUser, Prisma, PrismaClient, User } from '../../generated/client.ts'
import { accountKey } from '../../login/guard.ts'
import { type NewPassword, replacePassword } from '../../password/store.ts'
import type { Transact } from '../../revocation/store.ts'
import type { ListUsers } from './schema.ts'

export type { FederatedUser, User }
export type UserStore = ReturnType<typeof userStore>
export type UserChange = Pick<
  Prisma.UserUncheckedUpdateInput,
  'name' | 'description' | 'enabled' | 'default_project_id' | 'options' | 'extra' | 'last_active_on'
>

/** A directory may have lost somebody. */
const THERE = { NOT: { source: 'directory', outside_id: null } }
const now = <T>(where: T) => ({ ...where, expires_at: { gt: new Date() } })

export const userStore = (db: PrismaClient, transact: Transact) => ({
  /** @param password null: none */
  async insert(
    row: Prisma.UserUncheckedCreateInput & { id: string },
    password: NewPassword | null,
  ): Promise<User | 'name-taken' | 'no-domain'> {
    try {
      return await transact(async tx => {
        const value = await tx.user.create({
          data: { ...row, password_expires_at: password?.expires_at ?? null },
        })
        if (password) await replacePassword(tx, row.id, password)
        return { value, revoked: [] }
      })
    } catch (error) {
      if (isUniqueViolation(error)) return 'name-taken'
      if (isForeignKeyViolation(error)) return 'no-domain'
      throw error
    }
  },

  get: (id: string): Promise<User | null> => db.user.findFirst({ where: { id, ...THERE } }),

  /** As whom an identity provider knows them. */
  federated: (id: string): Promise<FederatedUser | null> =>
    db.federatedUser.findUnique({ where: { user_id: id } }),

  /** @param within those of this domain only */
  list(query: ListUsers, within: string | undefined): Promise<User[]> {
    const { page, ...order } = pageOf(query)
    const conditions: Prisma.UserWhereInput[] = [...whereName(query).AND, page, THERE]
    const { domain_id, idp_id, protocol_id, unique_id } = query
    if (domain_id !== undefined) conditions.push({ domain_id })
    if (idp_id !== undefined) conditions.push({ federated: { identity_provider_id: idp_id } })
    if (protocol_id !== undefined) conditions.push({ federated: { protocol_id } })
    if (unique_id !== undefined) conditions.push({ federated: { unique_id } })
    if (within !== undefined) conditions.push({ domain_id: within })
    if (query.enabled !== undefined) conditions.push({ enabled: query.enabled })
    if (query.password_expires_at) conditions.push({ password_expires_at: query.password_expires_at })
    return db.user.findMany({ where: { AND: conditions }, ...order })
  },

  /** @param within those of this domain only */
  listOfGroup(groupId: string, query: ListUsers, within: string | undefined): Promise<User[]> {
    const { page, ...order } = pageOf(query)
    const conditions: Prisma.UserWhereInput[] = [
      ...whereName(query).AND,
      page,
      THERE,
      {
        OR: [
          { memberships: { some: { group_id: groupId } } },
          { outside_memberships: { some: now({ group_id: groupId }) } },
        ],
      },
    ]
    if (query.password_expires_at) conditions.push({ password_expires_at: query.password_expires_at })
    if (within !== undefined) conditions.push({ domain_id: within })
    return db.user.findMany({ where: { AND: conditions }, ...order })
  },

  /** What a user who wants another password is held to; passwords with the one that counts first. */
  account: (id: string) =>
    db.user.findUnique({
      where: { id },
      include: {
        domain: { select: { enabled: true } },
        passwords: { orderBy: { replaced_at: { sort: 'desc', nulls: 'first' } } },
      },
    }),

  /**
   * @param decide the change, from the row as it is under lock; it may throw
   * @param passwordOf what follows for the password, from the row after the change: null takes it away, undefined
   * leaves it
   */
  async update(
    id: string,
    decide: (row: User) => UserChange,
    passwordOf: (row: User) => NewPassword | null | undefined,
  ): Promise<User | 'not-found' | 'name-taken'> {
    try {
      return await transact<User | 'not-found'>(async tx => {
        await tx.$queryRaw`select 1 from users where id = ${id} for update`
        const row = await tx.user.findUnique({ where: { id } })
        if (!row) return { value: 'not-found', revoked: [] }
        const change = decide(row)
        const value = await tx.user.update({ where: { id }, data: change })
        const password = passwordOf(value)
        if (password !== undefined) {
          await replacePassword(tx, id, password)
          value.password_expires_at = password?.expires_at ?? null
        }
        if (change.enabled === true || password)
          await tx.loginFailure.deleteMany({ where: { key: accountKey({ id }) } })
        const lost = password !== undefined || (row.enabled && !value.enabled)
        return { value, revoked: lost ? [subject.user(id)] : [] }
      })
    } catch (error) {
      if (isUniqueViolation(error)) return 'name-taken'
      throw error
    }
  },

  /** Only if the password checked is still the one that counts. */
  changePassword: (id: string, checkedId: string, password: NewPassword): Promise<'changed' | 'lost-race'> =>
    transact<'changed' | 'lost-race'>(async tx => {
      await tx.$queryRaw`select 1 from users where id = ${id} for update`
      const current = await tx.password.findFirst({ where: { user_id: id, replaced_at: null } })
      if (current?.id !== checkedId) return { value: 'lost-race', revoked: [] }
      await replacePassword(tx, id, password)
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
    const conditions: Prisma.GroupWhereInput[] = [
      page,
      {
        OR: [
          { memberships: { some: { user_id: userId } } },
          { outside_memberships: { some: now({ user_id: userId }) } },
        ],
      },
    ]
    if (within !== undefined) conditions.push({ domain_id: within })
    return db.group.findMany({ where: { AND: conditions }, ...order })
  },
})
