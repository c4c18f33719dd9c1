import { allColumns, isForeignKeyViolation, isUniqueViolation } from '@caelum/db'
import { pageOf, whereName } from '../../collection.ts'
import {
  type Endpoint,
  type EndpointGroup,
  Prisma,
  type PrismaClient,
  type Project,
} from '../../generated/client.ts'
import type { ListEndpointGroups } from './schema.ts'

export type { EndpointGroup }
export type EndpointGroupStore = ReturnType<typeof endpointGroupStore>
export type EndpointGroupChange = Pick<
  Prisma.EndpointGroupUncheckedUpdateInput,
  'name' | 'description' | 'filters'
>

type Added = 'added' | 'there-already' | 'not-found'

const ALL_OF_ENDPOINT = Prisma.raw(allColumns(Prisma.EndpointScalarFieldEnum, 'e'))

export const endpointGroupStore = (db: PrismaClient) => ({
  insert: (row: Prisma.EndpointGroupUncheckedCreateInput): Promise<EndpointGroup> =>
    db.endpointGroup.create({ data: row }),

  get: (id: string): Promise<EndpointGroup | null> => db.endpointGroup.findUnique({ where: { id } }),

  list(query: ListEndpointGroups): Promise<EndpointGroup[]> {
    const { page, ...order } = pageOf(query)
    return db.endpointGroup.findMany({ where: { AND: [...whereName(query).AND, page] }, ...order })
  },

  async update(id: string, change: EndpointGroupChange): Promise<EndpointGroup | 'not-found'> {
    const [row] = await db.endpointGroup.updateManyAndReturn({ where: { id }, data: change })
    return row ?? 'not-found'
  },

  async remove(id: string): Promise<boolean> {
    const { count } = await db.endpointGroup.deleteMany({ where: { id } })
    return count > 0
  },

  endpoints: (groupId: string): Promise<Endpoint[]> => db.$queryRaw<Endpoint[]>`
    select ${ALL_OF_ENDPOINT} from endpoint_groups g join endpoints e on ${IN_GROUP} where g.id = ${groupId} order by e.id`,

  projects: (groupId: string): Promise<Project[]> =>
    db.project.findMany({
      where: { endpoint_groups: { some: { endpoint_group_id: groupId } } },
      orderBy: { id: 'asc' },
    }),

  ofProject: (projectId: string): Promise<EndpointGroup[]> =>
    db.endpointGroup.findMany({
      where: { projects: { some: { project_id: projectId } } },
      orderBy: { id: 'asc' },
    }),

  addProject: (groupId: string, projectId: string): Promise<Added> =>
    adding(db.projectEndpointGroup.create({ data: { endpoint_group_id: groupId, project_id: projectId } })),

  async hasProject(groupId: string, projectId: string): Promise<boolean> {
    const where = { endpoint_group_id: groupId, project_id: projectId }
    return (await db.projectEndpointGroup.findFirst({ where })) !== null
  },

  async removeProject(groupId: string, projectId: string): Promise<boolean> {
    const where = { endpoint_group_id: groupId, project_id: projectId }
    return (await db.projectEndpointGroup.deleteMany({ where })).count > 0
  },

  addEndpoint: (projectId: string, endpointId: string): Promise<Added> =>
    adding(db.projectEndpoint.create({ data: { project_id: projectId, endpoint_id: endpointId } })),

  async hasEndpoint(projectId: string, endpointId: string): Promise<boolean> {
    const where = { project_id: projectId, endpoint_id: endpointId }
    return (await db.projectEndpoint.findFirst({ where })) !== null
  },

  async removeEndpoint(projectId: string, endpointId: string): Promise<boolean> {
    const where = { project_id: projectId, endpoint_id: endpointId }
    return (await db.projectEndpoint.deleteMany({ where })).count > 0
  },

  projectsOfEndpoint: (endpointId: string): Promise<Project[]> =>
    db.project.findMany({
      where: { endpoints: { some: { endpoint_id: endpointId } } },
      orderBy: { id: 'asc' },
    }),

  /** Is any endpoint or group associated with any project? */
  async isUsed(): Promise<boolean> {
    const [found] = await db.$queryRaw<{ used: boolean }[]>`
      select exists (select 1 from project_endpoints) or exists (select 1 from project_endpoint_groups) as used`
    return found?.used ?? false
  },

  /** its own, and those of its groups */
  endpointsOfProject: (projectId: string): Promise<Endpoint[]> => db.$queryRaw<Endpoint[]>`
    select ${ALL_OF_ENDPOINT} from endpoints e where id in (
      select endpoint_id from project_endpoints where project_id = ${projectId}
      union
      select e.id from project_endpoint_groups m
      join endpoint_groups g on g.id = m.endpoint_group_id
      join endpoints e on ${IN_GROUP}
      where m.project_id = ${projectId}
    ) order by id`,
})

/** `e` has all that the filters of `g` name */
const IN_GROUP = Prisma.sql`
  coalesce(g.filters->>'interface' = e.interface, true)
  and coalesce(g.filters->>'service_id' = e.service_id, true)
  and (g.filters->>'region_id' is null or g.filters->>'region_id' is not distinct from e.region_id)`

async function adding(insert: PromiseLike<unknown>): Promise<Added> {
  try {
    await insert
    return 'added'
  } catch (error) {
    if (isUniqueViolation(error)) return 'there-already'
    if (isForeignKeyViolation(error)) return 'not-found'
    throw error
  }
}
