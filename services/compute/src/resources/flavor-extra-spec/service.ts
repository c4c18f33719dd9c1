import { type Ctx, problems } from '@caelum/kernel'
import { errors } from '../../errors.ts'
import type { FlavorService } from '../flavor/service.ts'
import { wrongExtraSpec } from './known.ts'

export type ExtraSpecService = ReturnType<typeof extraSpecService>

type Specs = Record<string, string>

export interface ExtraSpecStore {
  mergeExtraSpecs(id: string, specs: Specs): Promise<boolean>
  removeExtraSpec(id: string, key: string): Promise<boolean>
}

/** Extra specs are a column of the flavor's row; this is the part of the API that changes it. */
export const extraSpecService = (store: ExtraSpecStore, flavors: Pick<FlavorService, 'get'>) => ({
  list: async (ctx: Ctx, flavorId: string): Promise<Specs> => (await flavors.get(ctx, flavorId)).extra_specs,

  async get(ctx: Ctx, flavorId: string, key: string): Promise<Specs> {
    const { extra_specs } = await flavors.get(ctx, flavorId)
    if (!Object.hasOwn(extra_specs, key)) throw errors.extraSpecNotFound(flavorId, key)
    return { [key]: extra_specs[key] ?? '' }
  },

  async merge(ctx: Ctx, flavorId: string, specs: Specs): Promise<Specs> {
    if (ctx.microversion >= 86)
      for (const [name, value] of Object.entries(specs)) {
        const wrong = wrongExtraSpec(name, value)
        if (wrong) throw problems.badRequest(wrong)
      }
    if (!(await store.mergeExtraSpecs(flavorId, specs))) throw errors.flavorNotFound(flavorId)
    return specs
  },

  async remove(ctx: Ctx, flavorId: string, key: string): Promise<void> {
    if (await store.removeExtraSpec(flavorId, key)) return
    await flavors.get(ctx, flavorId)
    throw errors.extraSpecNotFound(flavorId, key)
  },
})
