import type { Ctx } from '@caelum/kernel'
import { errors } from '../../errors.ts'
import type { ListMappings, Mapping } from './schema.ts'
import type { MappingStore, Mapping as Row } from './store.ts'

export const mappingService = (store: MappingStore) => ({
  async create(ctx: Ctx, id: string, body: Mapping): Promise<Row> {
    const made = await store.insert({ id, ...body, created_at: ctx.clock.now() })
    if (made === 'id-taken') throw errors.nameTaken('mapping', id)
    return made
  },

  list: (_ctx: Ctx, query: ListMappings): Promise<Row[]> => store.list(query),

  async get(_ctx: Ctx, id: string): Promise<Row> {
    const row = await store.get(id)
    if (!row) throw errors.notFound('mapping', id)
    return row
  },

  /** @throws Problem 400 when there is none: whoever names it does so in a body */
  async mustBe(id: string): Promise<void> {
    if (!(await store.get(id)))
      throw errors.badRequest(`Invalid mapping id: ${id}. Create the mapping first.`)
  },

  async update(_ctx: Ctx, id: string, body: Mapping): Promise<Row> {
    const updated = await store.update(id, body)
    if (updated === 'not-found') throw errors.notFound('mapping', id)
    return updated
  },

  async remove(_ctx: Ctx, id: string): Promise<void> {
    if (!(await store.remove(id))) throw errors.notFound('mapping', id)
  },
})

export type MappingService = ReturnType<typeof mappingService>
