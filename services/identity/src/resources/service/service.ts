import { type Ctx, newHexId } from '@caelum/kernel'
import { mergeExtra, splitExtra } from '../../collection.ts'
import { errors } from '../../errors.ts'
import type { Catalog } from '../endpoint/catalog.ts'
import type { ChangeService, CreateService, ListServices } from './schema.ts'
import type { Service, ServiceStore } from './store.ts'

const FIELDS = ['name', 'type', 'description', 'enabled'] as const

/** The services of the catalogue. */
export const serviceService = (store: ServiceStore, catalog: Catalog) => ({
  async create(ctx: Ctx, body: CreateService): Promise<Service> {
    const { fields, extra } = splitExtra(body, FIELDS)
    const made = await store.insert({ id: newHexId(), ...fields, extra, created_at: ctx.clock.now() })
    catalog.forget()
    return made
  },

  list: (_ctx: Ctx, query: ListServices): Promise<Service[]> => store.list(query),

  async get(_ctx: Ctx, id: string): Promise<Service> {
    const row = await store.get(id)
    if (!row) throw errors.notFound('service', id)
    return row
  },

  async update(_ctx: Ctx, id: string, body: ChangeService): Promise<Service> {
    const { fields, extra } = splitExtra(body, FIELDS)
    const updated = await store.update(id, row => ({ ...fields, extra: mergeExtra(row.extra, extra) }))
    if (updated === 'not-found') throw errors.notFound('service', id)
    catalog.forget()
    return updated
  },

  async remove(_ctx: Ctx, id: string): Promise<void> {
    if (!(await store.remove(id))) throw errors.notFound('service', id)
    catalog.forget()
  },
})

export type ServiceService = ReturnType<typeof serviceService>
