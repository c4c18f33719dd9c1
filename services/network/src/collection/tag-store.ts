import { Prisma, type PrismaClient } from '../generated/client.ts'
import { inTransaction } from '../transaction.ts'

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
