import { type Ctx, newHexId } from '@caelum/kernel'
import { mergeExtra, splitExtra } from '../../collection.ts'
import { errors } from '../../errors.ts'
import type { RegionService } from '../region/service.ts'
import type { Catalog } from './catalog.ts'
import type { ChangeEndpoint, CreateEndpoint, ListEndpoints } from './schema.ts'
import type { Endpoint, EndpointStore } from './store.ts'

const FIELDS = ['service_id', 'interface', 'url', 'region_id', 'region', 'enabled'] as const

export const endpointService = (store: EndpointStore, regions: RegionService, catalog: Catalog) => ({
  async create(ctx: Ctx, body: CreateEndpoint): Promise<Endpoint> {
    const { fields, extra } = splitExtra(body, FIELDS)
    const { region, ...columns } = fields
    if (region) await regions.ensure(ctx, region)
    const made = await store.insert({
      id: newHexId(),
      ...columns,
      region_id: columns.region_id ?? region ?? null,
      extra,
      created_at: ctx.clock.now(),
    })
    if (made === 'no-place') throw errors.noSuchPlace()
    catalog.forget()
    return made
  },

  list: (_ctx: Ctx, query: ListEndpoints): Promise<Endpoint[]> => store.list(query),

  async get(_ctx: Ctx, id: string): Promise<Endpoint> {
    const row = await store.get(id)
    if (!row) throw errors.notFound('endpoint', id)
    return row
  },

  async update(ctx: Ctx, id: string, body: ChangeEndpoint): Promise<Endpoint> {
    const { fields, extra } = splitExtra(body, FIELDS)
    const { region, ...columns } = fields
    if (region) await regions.ensure(ctx, region)
    const updated = await store.update(id, row => ({
      ...(region === undefined ? {} : { region_id: region }),
      ...columns,
      extra: mergeExtra(row.extra, extra),
    }))
    if (updated === 'not-found') throw errors.notFound('endpoint', id)
    if (updated === 'no-place') throw errors.noSuchPlace()
    catalog.forget()
    return updated
  },

  async remove(_ctx: Ctx, id: string): Promise<void> {
    if (!(await store.remove(id))) throw errors.notFound('endpoint', id)
    catalog.forget()
  },
})

export type EndpointService = ReturnType<typeof endpointService>
