import { subject } from '@caelum/token'
import { pageOf } from '../../collection.ts'
import type { Consumer, Prisma, PrismaClient } from '../../generated/client.ts'
import type { Transact } from '../../revocation/store.ts'
import type { SealedTable } from '../../signing/reseal.ts'
import type { ListConsumers } from './schema.ts'

export type { Consumer }
export type ConsumerStore = ReturnType<typeof consumerStore>
export type ConsumerChange = Pick<Prisma.ConsumerUncheckedUpdateInput, 'description' | 'extra'>

export const consumerStore = (db: PrismaClient, transact: Transact) => ({
  insert: (row: Prisma.ConsumerUncheckedCreateInput): Promise<Consumer> => db.consumer.create({ data: row }),

  get: (id: string): Promise<Consumer | null> => db.consumer.findUnique({ where: { id } }),

  list(query: ListConsumers): Promise<Consumer[]> {
    const { page, ...order } = pageOf(query)
    return db.consumer.findMany({ where: page, ...order })
  },

  /** @param decide the change, from the row as it is under lock */
  update: (id: string, decide: (row: Consumer) => ConsumerChange): Promise<Consumer | 'not-found'> =>
    transact<Consumer | 'not-found'>(async tx => {
      await tx.$queryRaw`select 1 from consumers where id = ${id} for update`
      const row = await tx.consumer.findUnique({ where: { id } })
      if (!row) return { value: 'not-found', revoked: [] }
      return { value: await tx.consumer.update({ where: { id }, data: decide(row) }), revoked: [] }
    }),

  /** With all that was lent to it; its tokens end. */
  remove: (id: string): Promise<boolean> =>
    transact(async tx => {
      const { count } = await tx.consumer.deleteMany({ where: { id } })
      return { value: count > 0, revoked: count > 0 ? [subject.consumer(id)] : [] }
    }),
})

/** What the seal of a consumer's secret is bound to. */
export const sealName = (id: string): string => `consumer:${id}`

export const sealedConsumers = (db: PrismaClient): SealedTable => ({
  async page(after, limit) {
    const rows = await db.consumer.findMany({
      where: { id: { gt: after } },
      orderBy: { id: 'asc' },
      take: limit,
      select: { id: true, secret_sealed: true },
    })
    return rows.map(({ id, secret_sealed }) => ({ id, name: sealName(id), sealed: secret_sealed }))
  },
  async replace(id, before, after) {
    await db.$executeRaw`
      update consumers set secret_sealed = ${after} where id = ${id} and secret_sealed = ${before}`
  },
})
