import { type Ctx, newHexId } from '@caelum/kernel'
import { mergeExtra, splitExtra } from '../../collection.ts'
import { errors } from '../../errors.ts'
import type { EndpointService } from '../endpoint/service.ts'
import type { RegionService } from '../region/service.ts'
import type { ServiceService } from '../service/service.ts'
import type { ChangePolicy, CreatePolicy, ListPolicies } from './schema.ts'
import type { Place, Policy, PolicyStore } from './store.ts'

const FIELDS = ['blob', 'type'] as const

interface Around {
  endpoints: EndpointService
  services: ServiceService
  regions: RegionService
}

/** Blobs kept for clients, and for which endpoints they are meant (keystone/endpoint_policy/core.py). */
export const policyService = (store: PolicyStore, { endpoints, services, regions }: Around) => ({
  create(ctx: Ctx, body: CreatePolicy): Promise<Policy> {
    const { fields, extra } = splitExtra(body, FIELDS)
    return store.insert({ id: newHexId(), ...fields, extra, created_at: ctx.clock.now() })
  },

  list: (_ctx: Ctx, query: ListPolicies): Promise<Policy[]> => store.list(query),

  async get(_ctx: Ctx, id: string): Promise<Policy> {
    const row = await store.get(id)
    if (!row) throw errors.notFound('policy', id)
    return row
  },

  async update(_ctx: Ctx, id: string, body: ChangePolicy): Promise<Policy> {
    const { fields, extra } = splitExtra(body, FIELDS)
    const updated = await store.update(id, row => ({ ...fields, extra: mergeExtra(row.extra, extra) }))
    if (updated === 'not-found') throw errors.notFound('policy', id)
    return updated
  },

  async remove(_ctx: Ctx, id: string): Promise<void> {
    if (!(await store.remove(id))) throw errors.notFound('policy', id)
  },

  async associate(ctx: Ctx, id: string, place: Place): Promise<void> {
    await this.mustExist(ctx, id, place)
    if ((await store.associate(id, place)) === 'not-found') throw errors.notFound('policy', id)
  },

  async checkAssociation(ctx: Ctx, id: string, place: Place): Promise<void> {
    await this.mustExist(ctx, id, place)
    if (!(await store.isAssociated(id, place))) throw errors.noPolicyAssociation()
  },

  async dissociate(ctx: Ctx, id: string, place: Place): Promise<void> {
    await this.mustExist(ctx, id, place)
    if (!(await store.dissociate(id, place))) throw errors.noPolicyAssociation()
  },

  async mustExist(ctx: Ctx, id: string, { endpoint_id, service_id, region_id }: Place): Promise<void> {
    await this.get(ctx, id)
    if (endpoint_id !== null) await endpoints.get(ctx, endpoint_id)
    if (service_id !== null) await services.get(ctx, service_id)
    if (region_id !== null) await regions.get(ctx, region_id)
  },

  async endpoints(ctx: Ctx, id: string) {
    await this.get(ctx, id)
    return store.endpoints(id)
  },

  async ofEndpoint(ctx: Ctx, endpointId: string): Promise<Policy> {
    await endpoints.get(ctx, endpointId)
    const row = await store.ofEndpoint(endpointId)
    if (!row) throw errors.notFound('policy of endpoint', endpointId)
    return row
  },
})

export type PolicyService = ReturnType<typeof policyService>
