import { Prisma } from '../generated/client.ts'

/** Names within all four bounds; an empty one does not bind. */
export interface Bounds {
  /** name > after */
  after: string
  /** name >= from */
  from: string
  /** name < before */
  before: string
  /** name < until */
  until: string
}

export function within({ after, from, before, until }: Bounds): Prisma.Sql {
  const conditions = [
    ...(after === '' ? [] : [Prisma.sql`and name > ${after}`]),
    ...(from === '' ? [] : [Prisma.sql`and name >= ${from}`]),
    ...(before === '' ? [] : [Prisma.sql`and name < ${before}`]),
    ...(until === '' ? [] : [Prisma.sql`and name < ${until}`]),
  ]
  return conditions.length === 0 ? Prisma.empty : Prisma.join(conditions, ' ')
}
