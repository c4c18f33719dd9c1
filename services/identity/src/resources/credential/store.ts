import { isForeignKeyViolation, isUniqueViolation } from '@caelum/db'
import { subject } from '@caelum/token'
import { pageOf } from '../../collection.ts'
import type { Credential, Prisma, PrismaClient } from '../../generated/client.ts'
import type { Transact } from '../../revocation/store.ts'
import type { SealedTable } from '../../signing/reseal.ts'
import { sealName } from './blob.ts'
import type { ListCredentials } from './schema.ts'

export type { Credential }
export type CredentialStore = ReturnType<typeof credentialStore>
export type CredentialChange = Pick<
  Prisma.CredentialUncheckedUpdateInput,
  'user_id' | 'project_id' | 'type' | 'blob_sealed' | 'extra'
>

export const credentialStore = (db: PrismaClient, transact: Transact) => ({
  async insert(row: Prisma.CredentialUncheckedCreateInput): Promise<Credential | 'taken' | 'no-owner'> {
    try {
      return await transact(async tx => ({ value: await tx.credential.create({ data: row }), revoked: [] }))
    } catch (error) {
      if (isUniqueViolation(error)) return 'taken'
      if (isForeignKeyViolation(error)) return 'no-owner'
      throw error
    }
  },

  get: (id: string): Promise<Credential | null> => db.credential.findUnique({ where: { id } }),

  /** @param ownerId of whom they must be; null: of anybody */
  list(query: ListCredentials, ownerId: string | null): Promise<Credential[]> {
    const { page, ...order } = pageOf(query)
    const conditions: Prisma.CredentialWhereInput[] = [page]
    if (ownerId !== null) conditions.push({ user_id: ownerId })
    if (query.user_id !== undefined) conditions.push({ user_id: query.user_id })
    if (query.type !== undefined) conditions.push({ type: query.type })
    return db.credential.findMany({ where: { AND: conditions }, ...order })
  },

  /**
   * Tokens made from it end.
   *
   * @param decide the change, from the row as it is under lock; it may throw
   */
  async update(
    id: string,
    decide: (row: Credential) => CredentialChange,
  ): Promise<Credential | 'not-found' | 'no-owner'> {
    try {
      return await transact<Credential | 'not-found'>(async tx => {
        await tx.$queryRaw`select 1 from credentials where id = ${id} for update`
        const row = await tx.credential.findUnique({ where: { id } })
        if (!row) return { value: 'not-found', revoked: [] }
        const value = await tx.credential.update({ where: { id }, data: decide(row) })
        return { value, revoked: [subject.credential(id)] }
      })
    } catch (error) {
      if (isForeignKeyViolation(error)) return 'no-owner'
      throw error
    }
  },

  /** Tokens made from it end. */
  remove: (id: string): Promise<boolean> =>
    transact(async tx => {
      const { count } = await tx.credential.deleteMany({ where: { id } })
      return { value: count > 0, revoked: count > 0 ? [subject.credential(id)] : [] }
    }),
})

export const sealedCredentials = (db: PrismaClient): SealedTable => ({
  async page(after, limit) {
    const rows = await db.credential.findMany({
      where: { id: { gt: after } },
      orderBy: { id: 'asc' },
      take: limit,
      select: { id: true, blob_sealed: true },
    })
    return rows.map(({ id, blob_sealed }) => ({ id, name: sealName(id), sealed: blob_sealed }))
  },
  async replace(id, before, after) {
    await db.$executeRaw`
      update credentials set blob_sealed = ${after} where id = ${id} and blob_sealed = ${before}`
  },
})
