import { type Ctx, newHexId } from '@caelum/kernel'
import { errors } from '../../errors.ts'
import type { ChangeRegisteredLimit, CreateRegisteredLimit, ListRegisteredLimits } from './schema.ts'
import type { RegisteredLimit, RegisteredLimitStore } from './store.ts'

/** keystone/limit/core.py */
export const registeredLimitService = (store: RegisteredLimitStore) => ({
  /** all of them, or none */
  async create(ctx: Ctx, bodies: readonly CreateRegisteredLimit[]): Promise<RegisteredLimit[]> {
    const made = await store.insert(
      bodies.map(body => ({
        ...body,
        id: newHexId(),
        region_id: body.region_id ?? null,
        description: body.description ?? null,
        created_at: ctx.clock.now(),
      })),
    )
    if (made === 'taken') throw errors.limitTaken('registered limit')
    if (made === 'no-place') throw errors.noSuchPlace()
    return made
  },

  list: (_ctx: Ctx, query: ListRegisteredLimits): Promise<RegisteredLimit[]> => store.list(query),

  async get(_ctx: Ctx, id: string): Promise<RegisteredLimit> {
    return found(await store.get(id), id)
  },

  async update(_ctx: Ctx, id: string, body: ChangeRegisteredLimit): Promise<RegisteredLimit> {
    const change = Object.fromEntries(Object.entries(body).filter(([, value]) => value !== undefined))
    const updated = await store.update(id, change)
    if (updated === 'in-use') throw errors.registeredLimitInUse(id)
    if (updated === 'taken') throw errors.limitTaken('registered limit')
    if (updated === 'no-place') throw errors.noSuchPlace()
    return found(updated === 'not-found' ? null : updated, id)
  },

  async remove(_ctx: Ctx, id: string): Promise<void> {
    const outcome = await store.remove(id)
    if (outcome === 'in-use') throw errors.registeredLimitInUse(id)
    if (outcome === 'not-found') throw errors.notFound('registered limit', id)
  },
})

export type RegisteredLimitService = ReturnType<typeof registeredLimitService>

function found(row: RegisteredLimit | null, id: string): RegisteredLimit {
  if (!row) throw errors.notFound('registered limit', id)
  return row
}
