import { Prisma } from '../generated/client.ts'
import type { Bounds } from './roll-up.ts'

/** `and ...` for each bound that binds, on the column `name`. */
export function within({ after, from, before, until }: Bounds): Prisma.Sql {
  const conditions = [
    ...(after === '' ? [] : [Prisma.sql`and name > ${after}`]),
    ...(from === '' ? [] : [Prisma.sql`and name >= ${from}`]),
    ...(before === '' ? [] : [Prisma.sql`and name < ${before}`]),
    ...(until === '' ? [] : [Prisma.sql`and name < ${until}`]),
  ]
  return conditions.length === 0 ? Prisma.empty : Prisma.join(conditions, ' ')
}
