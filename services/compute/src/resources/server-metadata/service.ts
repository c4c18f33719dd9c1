import type { Ctx } from '@caelum/kernel'
import { errors } from '../../errors.ts'
import { checkMetadata, type QuotaService } from '../quota-set/service.ts'
import type { ServerService } from '../server/service.ts'

type Metadata = Record<string, string>

export type ServerMetadataService = ReturnType<typeof serverMetadataService>

/** Metadata is part of what is wanted of a server: the guest reads it, so its host is told of every change. */
export const serverMetadataService = (
  servers: Pick<ServerService, 'get' | 'setMetadata'>,
  quotas: Pick<QuotaService, 'limitsOfProject'>,
) => {
  const set = async (ctx: Ctx, id: string, next: (current: Metadata) => Metadata): Promise<Metadata> => {
    const { server } = await servers.get(ctx, id)
    const limits = await quotas.limitsOfProject(server.project_id)
    return servers.setMetadata(ctx, id, current => {
      const wanted = next(current)
      checkMetadata(limits, wanted)
      return wanted
    })
  }

  return {
    list: async (ctx: Ctx, id: string): Promise<Metadata> => (await servers.get(ctx, id)).server.metadata,

    async get(ctx: Ctx, id: string, key: string): Promise<Metadata> {
      const { metadata } = (await servers.get(ctx, id)).server
      if (!Object.hasOwn(metadata, key)) throw errors.metadatumNotFound()
      return { [key]: metadata[key] ?? '' }
    },

    merge: (ctx: Ctx, id: string, more: Metadata) => set(ctx, id, current => ({ ...current, ...more })),

    replace: (ctx: Ctx, id: string, metadata: Metadata) => set(ctx, id, () => metadata),

    async remove(ctx: Ctx, id: string, key: string): Promise<void> {
      await servers.setMetadata(ctx, id, current => {
        if (!Object.hasOwn(current, key)) throw errors.metadatumNotFound()
        const { [key]: _gone, ...rest } = current
        return rest
      })
    },
  }
}
