import type { Ctx } from '@caelum/kernel'
import { errors } from '../../errors.ts'
import type { ServerService } from '../server/service.ts'
import { MAX_TAGS } from './schema.ts'
import type { ServerTagStore } from './store.ts'

export type ServerTagService = ReturnType<typeof serverTagService>

/** Tags are for finding servers; nothing in a server depends on them. */
export const serverTagService = (store: ServerTagStore, servers: Pick<ServerService, 'get'>) => {
  /** @throws Problem 409 when the server is on its way out */
  const changeable = async (ctx: Ctx, id: string): Promise<string> => {
    const { server } = await servers.get(ctx, id)
    if (server.want_deleted)
      throw errors.invalidState('update tags', id, 'while it is in task_state deleting')
    return server.id
  }

  return {
    list: async (ctx: Ctx, id: string): Promise<string[]> => (await servers.get(ctx, id)).server.tags,

    async check(ctx: Ctx, id: string, tag: string): Promise<void> {
      if (!(await this.list(ctx, id)).includes(tag)) throw errors.tagNotFound(id, tag)
    },

    async replace(ctx: Ctx, id: string, tags: readonly string[]): Promise<string[]> {
      const wanted = [...new Set(tags)]
      await store.replace(await changeable(ctx, id), wanted)
      return wanted
    },

    /** @returns false when the server had it already */
    async add(ctx: Ctx, id: string, tag: string): Promise<boolean> {
      const outcome = await store.add(await changeable(ctx, id), tag, MAX_TAGS)
      if (outcome === 'full') throw errors.tooManyTags(MAX_TAGS)
      return outcome === 'added'
    },

    async remove(ctx: Ctx, id: string, tag: string): Promise<void> {
      if (!(await store.remove(await changeable(ctx, id), tag))) throw errors.tagNotFound(id, tag)
    },
  }
}
