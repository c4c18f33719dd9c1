import { isForeignKeyViolation, isUniqueViolation } from '@caelum/db'
import { pageOf } from '../../collection.ts'
import type { Limit, Prisma, PrismaClient } from '../../generated/client.ts'
import { isStrict, type ModelName } from './model.ts'
import type { ListLimits } from './schema.ts'

export type LimitStore = ReturnType<typeof limitStore>

const WITH = {
  registered: { select: { service_id: true, region_id: true, resource_name: true } },
  target: { select: { id: true, is_domain: true, domain_id: true } },
} as const
/** A limit, what it is of, and whose it is. */
export type LimitRow = Prisma.LimitGetPayload<{ include: typeof WITH }>

export interface NewLimit {
  id: string
  targetId: string
  /** a domain is meant, and a project is not */
  isDomain: boolean
  serviceId: string
  regionId: string | null
  resourceName: string
  resourceLimit: number
  description: string | null
  createdAt: Date
}

/** Whose limits a caller sees: all, those on one domain and in it, or those of one project. */
export type Seen = 'all' | { domainId: string } | { projectId: string }

type Refused = 'taken' | 'not-registered' | 'no-target' | 'breaks-tree'

/** under which limits change in the strict model, so that two changes cannot break a tree between them */
const LIMIT_LOCK = 7_270_006

class Refusal extends Error {
  readonly why: Refused
  constructor(why: Refused) {
    super(why)
    this.why = why
  }
}

export const limitStore = (db: PrismaClient, model: ModelName) => {
  /** The whole of what `work` does, or nothing. */
  async function changing<T>(work: (tx: Prisma.TransactionClient) => Promise<T>): Promise<T | Refused> {
    try {
      return await db.$transaction(async tx => {
        if (model === 'strict_two_level')
          await tx.$queryRaw`select pg_advisory_xact_lock(${LIMIT_LOCK}::bigint)::text`
        return work(tx)
      })
    } catch (error) {
      if (error instanceof Refusal) return error.why
      if (isUniqueViolation(error)) return 'taken'
      if (isForeignKeyViolation(error)) return 'no-target'
      throw error
    }
  }

  return {
    /** all of them, or none */
    insert: (wanted: readonly NewLimit[]): Promise<LimitRow[] | Refused> =>
      changing(async tx => {
        for (const it of wanted) await insertOne(tx, it)
        await keepStrict(
          tx,
          model,
          wanted.map(it => it.id),
        )
        return tx.limit.findMany({
          where: { id: { in: wanted.map(it => it.id) } },
          include: WITH,
          orderBy: { id: 'asc' },
        })
      }),

    get: (id: string): Promise<LimitRow | null> => db.limit.findUnique({ where: { id }, include: WITH }),

    list(query: ListLimits, seen: Seen): Promise<LimitRow[]> {
      const { page, ...order } = pageOf(query)
      const conditions: Prisma.LimitWhereInput[] = [page, whereSeen(seen)]
      const { service_id, region_id, resource_name, project_id, domain_id } = query
      if (service_id !== undefined) conditions.push({ registered: { service_id } })
      if (region_id !== undefined) conditions.push({ registered: { region_id } })
      if (resource_name !== undefined) conditions.push({ registered: { resource_name } })
      if (project_id !== undefined) conditions.push({ target: { id: project_id, is_domain: false } })
      if (domain_id !== undefined) conditions.push({ target: { id: domain_id, is_domain: true } })
      return db.limit.findMany({ where: { AND: conditions }, include: WITH, ...order })
    },

    async hasProjectBelowProject(): Promise<boolean> {
      return (await db.project.findFirst({ where: { parent: { is_domain: false } } })) !== null
    },

    ofProjects: (ids: string[]): Promise<LimitRow[]> =>
      db.limit.findMany({ where: { target_id: { in: ids } }, include: WITH, orderBy: { id: 'asc' } }),

    update: (
      id: string,
      change: Partial<Pick<Limit, 'resource_limit' | 'description'>>,
    ): Promise<LimitRow | 'not-found' | Refused> =>
      changing(async tx => {
        const { count } = await tx.limit.updateMany({ where: { id }, data: change })
        if (count === 0) return 'not-found' as const
        await keepStrict(tx, model, [id])
        return tx.limit.findUniqueOrThrow({ where: { id }, include: WITH })
      }),

    remove: (id: string): Promise<'removed' | 'not-found' | Refused> =>
      changing(async tx => {
        const { count } = await tx.limit.deleteMany({ where: { id } })
        return count > 0 ? ('removed' as const) : ('not-found' as const)
      }),
  }
}

/** The registered limit is locked: it cannot change under the limit that leans on it. */
async function insertOne(tx: Prisma.TransactionClient, it: NewLimit): Promise<void> {
  const [registered] = await tx.$queryRaw<{ id: string }[]>`
    select id from registered_limits
    where service_id = ${it.serviceId} and region_id is not distinct from ${it.regionId}
      and resource_name = ${it.resourceName}
    for share`
  if (!registered) throw new Refusal('not-registered')
  const target = await tx.project.findUnique({ where: { id: it.targetId } })
  if (!target || (it.isDomain && !target.is_domain)) throw new Refusal('no-target')
  await tx.limit.create({
    data: {
      id: it.id,
      registered_limit_id: registered.id,
      target_id: it.targetId,
      resource_limit: it.resourceLimit,
      description: it.description,
      created_at: it.createdAt,
    },
  })
}

/** @throws Refusal when a domain with one of these limits has come to have less than one of its projects */
async function keepStrict(tx: Prisma.TransactionClient, model: ModelName, ids: string[]): Promise<void> {
  if (model !== 'strict_two_level') return
  const trees = await tx.$queryRaw<
    { domain_limit: number | null; default_limit: number; project_limits: number[] }[]
  >`
    with touched as (
      select distinct l.registered_limit_id, coalesce(p.domain_id, p.id) as domain_id
      from limits l join projects p on p.id = l.target_id where l.id = any(${ids})
    )
    select r.default_limit,
      (select l.resource_limit from limits l
        where l.target_id = t.domain_id and l.registered_limit_id = r.id) as domain_limit,
      array(select l.resource_limit from limits l join projects p on p.id = l.target_id
        where p.domain_id = t.domain_id and l.registered_limit_id = r.id) as project_limits
    from touched t join registered_limits r on r.id = t.registered_limit_id`
  for (const { domain_limit, default_limit, project_limits } of trees)
    if (!isStrict({ domainLimit: domain_limit, defaultLimit: default_limit, projectLimits: project_limits }))
      throw new Refusal('breaks-tree')
}

function whereSeen(seen: Seen): Prisma.LimitWhereInput {
  if (seen === 'all') return {}
  if ('projectId' in seen) return { target_id: seen.projectId }
  return { target: { OR: [{ id: seen.domainId }, { domain_id: seen.domainId }] } }
}
