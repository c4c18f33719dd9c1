import { type Ctx, newHexId } from '@caelum/kernel'
import { errors } from '../../errors.ts'
import type { Catalog } from '../endpoint/catalog.ts'
import type { EndpointService } from '../endpoint/service.ts'
import type { ProjectService } from '../project/service.ts'
import type { ChangeEndpointGroup, CreateEndpointGroup, ListEndpointGroups } from './schema.ts'
import type { EndpointGroup, EndpointGroupStore } from './store.ts'

interface Around {
  endpoints: EndpointService
  projects: ProjectService
  catalog: Catalog
}

/**
 * Which endpoints a project finds in its catalogue: those associated with it, singly or by groups; all where none is
 * (keystone/catalog/core.py, and `return_all_endpoints_if_no_filter`).
 */
export const endpointGroupService = (
  store: EndpointGroupStore,
  { endpoints, projects, catalog }: Around,
) => ({
  create: (ctx: Ctx, body: CreateEndpointGroup): Promise<EndpointGroup> =>
    store.insert({
      id: newHexId(),
      name: body.name,
      description: body.description ?? null,
      filters: body.filters as Record<string, string>,
      created_at: ctx.clock.now(),
    }),

  list: (_ctx: Ctx, query: ListEndpointGroups): Promise<EndpointGroup[]> => store.list(query),

  async get(_ctx: Ctx, id: string): Promise<EndpointGroup> {
    const row = await store.get(id)
    if (!row) throw errors.notFound('endpoint group', id)
    return row
  },

  async update(_ctx: Ctx, id: string, body: ChangeEndpointGroup): Promise<EndpointGroup> {
    const { name, description, filters } = body
    const updated = await store.update(id, {
      ...(name === undefined ? {} : { name }),
      ...(description === undefined ? {} : { description }),
      ...(filters === undefined ? {} : { filters: filters as Record<string, string> }),
    })
    if (updated === 'not-found') throw errors.notFound('endpoint group', id)
    catalog.forget()
    return updated
  },

  async remove(_ctx: Ctx, id: string): Promise<void> {
    if (!(await store.remove(id))) throw errors.notFound('endpoint group', id)
    catalog.forget()
  },

  async endpoints(ctx: Ctx, id: string) {
    await this.get(ctx, id)
    return store.endpoints(id)
  },

  async projects(ctx: Ctx, id: string) {
    await this.get(ctx, id)
    return store.projects(id)
  },

  async ofProject(ctx: Ctx, projectId: string): Promise<EndpointGroup[]> {
    await projects.mustExist(ctx, projectId)
    return store.ofProject(projectId)
  },

  async addProject(ctx: Ctx, id: string, projectId: string): Promise<void> {
    await projects.mustExist(ctx, projectId)
    await this.get(ctx, id)
    const added = await store.addProject(id, projectId)
    if (added === 'not-found') throw errors.notFound('endpoint group', id)
    if (added === 'there-already') throw errors.associatedAlready('endpoint group', id)
    catalog.forget()
  },

  async checkProject(ctx: Ctx, id: string, projectId: string): Promise<void> {
    await projects.mustExist(ctx, projectId)
    await this.get(ctx, id)
    if (!(await store.hasProject(id, projectId))) throw errors.notFound('endpoint group in the project', id)
  },

  async removeProject(ctx: Ctx, id: string, projectId: string): Promise<void> {
    await projects.mustExist(ctx, projectId)
    await this.get(ctx, id)
    if (!(await store.removeProject(id, projectId)))
      throw errors.notFound('endpoint group in the project', id)
    catalog.forget()
  },

  async endpointsOfProject(ctx: Ctx, projectId: string) {
    await projects.mustExist(ctx, projectId)
    return store.endpointsOfProject(projectId)
  },

  async projectsOfEndpoint(ctx: Ctx, endpointId: string) {
    await endpoints.get(ctx, endpointId)
    return store.projectsOfEndpoint(endpointId)
  },

  async addEndpoint(ctx: Ctx, projectId: string, endpointId: string): Promise<void> {
    await endpoints.get(ctx, endpointId)
    await projects.mustExist(ctx, projectId)
    const added = await store.addEndpoint(projectId, endpointId)
    if (added === 'not-found') throw errors.notFound('endpoint', endpointId)
    if (added === 'there-already') throw errors.associatedAlready('endpoint', endpointId)
    catalog.forget()
  },

  async checkEndpoint(ctx: Ctx, projectId: string, endpointId: string): Promise<void> {
    await endpoints.get(ctx, endpointId)
    await projects.mustExist(ctx, projectId)
    if (!(await store.hasEndpoint(projectId, endpointId)))
      throw errors.notFound('endpoint in the project', endpointId)
  },

  async removeEndpoint(_ctx: Ctx, projectId: string, endpointId: string): Promise<void> {
    if (!(await store.removeEndpoint(projectId, endpointId)))
      throw errors.notFound('endpoint in the project', endpointId)
    catalog.forget()
  },
})

export type EndpointGroupService = ReturnType<typeof endpointGroupService>
