import { allColumns, isForeignKeyViolation } from '@caelum/db'
import { newId } from '@caelum/kernel'
import { pageOf } from '../../collection.ts'
import { type Endpoint, type Policy, Prisma, type PrismaClient } from '../../generated/client.ts'
import type { ListPolicies } from './schema.ts'

export type { Policy }
export type PolicyStore = ReturnType<typeof policyStore>
export type PolicyChange = Pick<Prisma.PolicyUncheckedUpdateInput, 'type' | 'blob' | 'extra'>

/** What a policy is for: an endpoint, a service, or a service in a region. */
export interface Place {
  endpoint_id: string | null
  service_id: string | null
  region_id: string | null
}

export const policyStore = (db: PrismaClient) => ({
  insert: (row: Prisma.PolicyUncheckedCreateInput): Promise<Policy> => db.policy.create({ data: row }),

  get: (id: string): Promise<Policy | null> => db.policy.findUnique({ where: { id } }),

  list(query: ListPolicies): Promise<Policy[]> {
    const { page, ...order } = pageOf(query)
    const conditions: Prisma.PolicyWhereInput[] = [page]
    if (query.type !== undefined) conditions.push({ type: query.type })
    return db.policy.findMany({ where: { AND: conditions }, ...order })
  },

  /** @param decide the change, from the row as it is under lock */
  update: (id: string, decide: (row: Policy) => PolicyChange): Promise<Policy | 'not-found'> =>
    db.$transaction(async tx => {
      await tx.$queryRaw`select 1 from policies where id = ${id} for update`
      const row = await tx.policy.findUnique({ where: { id } })
      return row ? tx.policy.update({ where: { id }, data: decide(row) }) : 'not-found'
    }),

  /** with its associations */
  async remove(id: string): Promise<boolean> {
    const { count } = await db.policy.deleteMany({ where: { id } })
    return count > 0
  },

  /** A place has one policy: the new one takes it over. */
  async associate(policyId: string, place: Place): Promise<'associated' | 'not-found'> {
    const { endpoint_id, service_id, region_id } = place
    try {
      await db.$executeRaw`
        insert into policy_associations (id, policy_id, endpoint_id, service_id, region_id)
        values (${newId()}, ${policyId}, ${endpoint_id}, ${service_id}, ${region_id})
        on conflict (endpoint_id, service_id, region_id) do update set policy_id = excluded.policy_id`
      return 'associated'
    } catch (error) {
      if (isForeignKeyViolation(error)) return 'not-found'
      throw error
    }
  },

  async isAssociated(policyId: string, place: Place): Promise<boolean> {
    return (await db.policyAssociation.findFirst({ where: { policy_id: policyId, ...place } })) !== null
  },

  async dissociate(policyId: string, place: Place): Promise<boolean> {
    const { count } = await db.policyAssociation.deleteMany({ where: { policy_id: policyId, ...place } })
    return count > 0
  },

  /** A region stands for those below it too. */
  endpoints: (policyId: string): Promise<Endpoint[]> => db.$queryRaw<Endpoint[]>`
    with recursive places as (
      select endpoint_id, service_id, region_id from policy_associations where policy_id = ${policyId}
      union
      select null, p.service_id, r.id from places p join regions r on r.parent_id = p.region_id
    )
    select ${Prisma.raw(allColumns(Prisma.EndpointScalarFieldEnum, 'e'))} from endpoints e
    where exists (
      select 1 from places p
      where p.endpoint_id = e.id
        or (p.service_id = e.service_id and (p.region_id is null or p.region_id = e.region_id))
    )
    order by e.id`,

  /** Its own, else that of its service in the nearest region above it, else that of its service. */
  async ofEndpoint(endpointId: string): Promise<Policy | null> {
    const [found] = await db.$queryRaw<Policy[]>`
      with recursive regions_up (id, parent_id, distance) as (
        select r.id, r.parent_id, 1 from endpoints e join regions r on r.id = e.region_id
        where e.id = ${endpointId}
        union all
        select r.id, r.parent_id, distance + 1 from regions_up u join regions r on r.id = u.parent_id
      )
      select ${Prisma.raw(allColumns(Prisma.PolicyScalarFieldEnum, 'p'))} from policies p
      join policy_associations a on a.policy_id = p.id
      join endpoints e on e.id = ${endpointId}
      left join regions_up u on u.id = a.region_id
      where a.endpoint_id = e.id
        or (a.service_id = e.service_id and (a.region_id is null or u.id is not null))
      order by a.endpoint_id is null, u.distance nulls last
      limit 1`
    return found ?? null
  },
})
