/** What the stores of all resources share. */
import { isTransient } from '@caelum/db'
import { Prisma, type PrismaClient } from '../generated/client.ts'

export type Tx = Prisma.TransactionClient

const TRIES = 5

/**
 * One transaction, run again when PostgreSQL asks for it (deadlock, serialization). Rows are locked in one order
 * everywhere: quota, network, subnets, ports; so that happens rarely.
 */
export const inTransaction = async <T>(db: PrismaClient, work: (tx: Tx) => Promise<T>): Promise<T> => {
  for (let tries = 1; ; tries++) {
    try {
      return await db.$transaction(work, { timeout: 20_000, maxWait: 10_000 })
    } catch (error) {
      if (tries >= TRIES || !isTransient(error)) throw error
    }
  }
}

type Tagged = 'networks' | 'subnets' | 'ports' | 'security_groups'

/** Changes the tags under the row's lock; null when there is no such row. */
export const changeTags = (
  db: PrismaClient,
  table: Tagged,
  id: string,
  next: (tags: string[]) => string[],
): Promise<string[] | null> =>
  inTransaction(db, async tx => {
    const name = Prisma.raw(`"${table}"`)
    const [row] = await tx.$queryRaw<{ tags: string[] }[]>`
      select tags from ${name} where id = ${id}::uuid for no key update`
    if (!row) return null
    const tags = next(row.tags)
    await tx.$executeRaw`
      update ${name} set tags = ${tags}, generation = generation + 1, updated_at = now() where id = ${id}::uuid`
    return tags
  })
