import { type Ctx, newHexId } from '@caelum/kernel'
import { mergeExtra, splitExtra } from '../../collection.ts'
import { errors } from '../../errors.ts'
import type { ChangeRegion, CreateRegion, ListRegions } from './schema.ts'
import type { Region, RegionStore } from './store.ts'

const FIELDS = ['description', 'parent_region_id'] as const

export const regionService = (store: RegionStore) => ({
  /** The client may choose the id. */
  async create(ctx: Ctx, body: CreateRegion): Promise<Region> {
    const { fields, extra } = splitExtra(body, FIELDS)
    const id = body.id ?? newHexId()
    const made = await store.insert({
      id,
      description: fields.description ?? '',
      parent_id: fields.parent_region_id ?? null,
      extra,
      created_at: ctx.clock.now(),
    })
    if (made === 'id-taken') throw errors.nameTaken('region', id)
    if (made === 'no-parent') throw errors.notFound('region', fields.parent_region_id ?? '')
    return made
  },

  ensure: (ctx: Ctx, id: string): Promise<void> => store.ensure(id, ctx.clock.now()),

  list: (_ctx: Ctx, query: ListRegions): Promise<Region[]> => store.list(query),

  async get(_ctx: Ctx, id: string): Promise<Region> {
    const row = await store.get(id)
    if (!row) throw errors.notFound('region', id)
    return row
  },

  async update(_ctx: Ctx, id: string, body: ChangeRegion): Promise<Region> {
    const { fields, extra } = splitExtra(body, FIELDS)
    const updated = await store.update(id, row => ({
      ...(fields.description === undefined ? {} : { description: fields.description ?? '' }),
      parent_id: fields.parent_region_id === undefined ? row.parent_id : fields.parent_region_id,
      extra: mergeExtra(row.extra, extra),
    }))
    if (updated === 'not-found') throw errors.notFound('region', id)
    if (updated === 'no-parent') throw errors.notFound('region', fields.parent_region_id ?? '')
    if (updated === 'circle') throw errors.regionInItself(id)
    return updated
  },

  async remove(_ctx: Ctx, id: string): Promise<void> {
    const outcome = await store.remove(id)
    if (outcome === 'not-found') throw errors.notFound('region', id)
    if (outcome === 'in-use') throw errors.regionInUse(id)
  },
})

export type RegionService = ReturnType<typeof regionService>
