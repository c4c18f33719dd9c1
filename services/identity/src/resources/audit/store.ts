import { firstIdAt } from '@caelum/kernel'
import type { Audit, Prisma, PrismaClient } from '../../generated/client.ts'
import type { ListAudit } from './schema.ts'

export type { Audit }
export type AuditStore = ReturnType<typeof auditStore>

export const auditStore = (db: PrismaClient) => ({
  /**
   * The newest first, and one more than asked for when there is another page.
   *
   * @param within what touches this domain only
   */
  list(query: ListAudit & { limit: number }, within: string | undefined): Promise<Audit[]> {
    const { target, domain_id, since, until } = query
    const conditions: Prisma.AuditWhereInput[] = []
    for (const name of ['actor_id', 'operation', 'outcome', 'address', 'request_id'] as const)
      if (query[name] !== undefined) conditions.push({ [name]: query[name] })
    if (target !== undefined) conditions.push({ target: { startsWith: target.replace(/[\\%_]/g, '\\$&') } })
    for (const domain of [domain_id, within])
      if (domain !== undefined) conditions.push({ domain_ids: { has: domain } })
    if (since) conditions.push({ id: { gte: firstIdAt(since.getTime()) } })
    if (until) conditions.push({ id: { lt: firstIdAt(until.getTime()) } })
    if (query.marker !== undefined) conditions.push({ id: { lt: query.marker } })
    return db.audit.findMany({ where: { AND: conditions }, orderBy: { id: 'desc' }, take: query.limit + 1 })
  },
})
