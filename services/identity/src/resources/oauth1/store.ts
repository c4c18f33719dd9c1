import { isForeignKeyViolation } from '@caelum/db'
import { subject } from '@caelum/token'
import { pageOf } from '../../collection.ts'
import type { OAuth1Token, Prisma, PrismaClient, Role } from '../../generated/client.ts'
import type { Transact } from '../../revocation/store.ts'
import type { SealedTable } from '../../signing/reseal.ts'
import type { ListAccessTokens } from './schema.ts'

export type { OAuth1Token, Role }
export type OAuth1Store = ReturnType<typeof oauth1Store>

/** A request token that a user has lent rights to; or an access token. */
export type Lent = OAuth1Token & { user_id: string }
type Kind = 'request' | 'access'

export const oauth1Store = (db: PrismaClient, transact: Transact) => ({
  /** 'gone': the consumer or the project */
  async insert(row: Prisma.OAuth1TokenUncheckedCreateInput): Promise<OAuth1Token | 'gone'> {
    try {
      return await db.oAuth1Token.create({ data: row })
    } catch (error) {
      if (isForeignKeyViolation(error)) return 'gone'
      throw error
    }
  },

  get: (kind: Kind, id: string): Promise<OAuth1Token | null> =>
    db.oAuth1Token.findUnique({ where: { id, kind } }),

  async authorize(
    id: string,
    by: { user_id: string; role_ids: string[]; verifier: string },
  ): Promise<boolean> {
    const { count } = await db.oAuth1Token.updateMany({ where: { id, kind: 'request' }, data: by })
    return count > 0
  },

  /** The request token becomes the access token, once. */
  exchange: (
    { id, verifier }: Pick<OAuth1Token, 'id' | 'verifier'>,
    access: Prisma.OAuth1TokenUncheckedCreateInput,
  ): Promise<boolean> =>
    transact(async tx => {
      const { count } = await tx.oAuth1Token.deleteMany({ where: { id, kind: 'request', verifier } })
      if (count > 0) await tx.oAuth1Token.create({ data: access })
      return { value: count > 0, revoked: [] }
    }),

  list(userId: string, query: ListAccessTokens): Promise<OAuth1Token[]> {
    const { page, ...order } = pageOf(query)
    return db.oAuth1Token.findMany({
      where: { AND: [page, { user_id: userId, kind: 'access' }] },
      ...order,
    })
  },

  roles: (ids: string[]): Promise<Role[]> =>
    db.role.findMany({ where: { id: { in: ids } }, orderBy: { id: 'asc' } }),

  /** Its tokens end. */
  remove: (userId: string, id: string): Promise<boolean> =>
    transact(async tx => {
      const { count } = await tx.oAuth1Token.deleteMany({ where: { id, user_id: userId, kind: 'access' } })
      return { value: count > 0, revoked: count > 0 ? [subject.oauth1(id)] : [] }
    }),

  /** false: it was there already */
  async remember(nonce: Prisma.OAuth1NonceUncheckedCreateInput): Promise<boolean> {
    const { count } = await db.oAuth1Nonce.createMany({ data: [nonce], skipDuplicates: true })
    return count > 0
  },

  /** Forgets what has ended. */
  async prune(): Promise<number> {
    const nonces = await db.$executeRaw`delete from oauth1_nonces where expires_at < now()`
    return nonces + (await db.$executeRaw`delete from oauth1_tokens where expires_at < now()`)
  },
})

/** What the seal of a token's secret is bound to. */
export const sealName = (id: string): string => `oauth1:${id}`

export const sealedOAuth1Tokens = (db: PrismaClient): SealedTable => ({
  async page(after, limit) {
    const rows = await db.oAuth1Token.findMany({
      where: { id: { gt: after } },
      orderBy: { id: 'asc' },
      take: limit,
      select: { id: true, secret_sealed: true },
    })
    return rows.map(({ id, secret_sealed }) => ({ id, name: sealName(id), sealed: secret_sealed }))
  },
  async replace(id, before, after) {
    await db.$executeRaw`
      update oauth1_tokens set secret_sealed = ${after} where id = ${id} and secret_sealed = ${before}`
  },
})
