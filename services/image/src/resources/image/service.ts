import type { BlobStore } from '@caelum/blob'
import { can, isAdmin } from '@caelum/http'
import { type Ctx, newId, projectOf } from '@caelum/kernel'
import type { Limits } from '../../config.ts'
import { errors } from '../../errors.ts'
import { policy } from '../../policy.ts'
import { changed, wordsOf } from './change.ts'
import { parseListQuery } from './filter.ts'
import type { Change, Dialect } from './patch.ts'
import { type CreateImage, type ListImages, MAX_TAGS, UUID } from './schema.ts'
import type { Image, ImageStore, ImageWords, Viewer } from './store.ts'

export type { Image } from './store.ts'
export type ImageService = ReturnType<typeof imageService>

const viewerOf = ({ caller }: Ctx): Viewer => ({
  projectId: projectOf(caller),
  everything: isAdmin(caller) || caller.roles.has('service'),
})

const targetOf = (owner: string | null) => ({ projectId: owner ?? undefined })

/** An image that the caller cannot see does not exist (404); one that they see and may not change is 403. */
export const imageService = (store: ImageStore, blobs: Pick<BlobStore, 'remove'>, limits: Limits) => {
  const get = async (ctx: Ctx, id: string): Promise<Image> => {
    const image = UUID.test(id) ? await store.get(id.toLowerCase(), viewerOf(ctx)) : null
    if (!image) throw errors.imageNotFound(id)
    return image
  }

  /** @throws Problem 404, or 403 when it belongs to somebody else */
  const getOwn = async (ctx: Ctx, operation: string, id: string): Promise<Image> => {
    const image = await get(ctx, id)
    if (!can(policy, ctx, operation, targetOf(image.owner)))
      throw errors.notPermitted(operation.split(':').at(-1) ?? operation, id)
    return image
  }

  const change = async (ctx: Ctx, id: string, words: (image: Image) => Partial<ImageWords>) => {
    const image = await store.change(id, ctx.clock.now(), words)
    if (!image) throw errors.imageNotFound(id)
    return image
  }

  return {
    get,
    getOwn,

    async list(ctx: Ctx, query: ListImages): Promise<{ images: Image[]; limit: number }> {
      const parsed = parseListQuery(query)
      if (parsed.marker !== undefined && !UUID.test(parsed.marker)) throw errors.markerNotFound(parsed.marker)
      const images = await store.list(viewerOf(ctx), parsed)
      if (!images) throw errors.markerNotFound(parsed.marker ?? '')
      return { images, limit: parsed.limit }
    },

    async create(ctx: Ctx, body: CreateImage): Promise<Image> {
      const words = wordsOf(body, projectOf(ctx.caller) ?? null)
      if (!can(policy, ctx, 'image:images:create', targetOf(words.owner)))
        throw errors.forbidden('You are not permitted to create images owned by another project.')
      mayShow(ctx, words.visibility)
      const id = body.id?.toLowerCase() ?? newId<'image'>()
      const made = await store.insert({ ...words, id, created_at: ctx.clock.now() }, limits.quotaCount)
      if (made === 'over-quota') throw errors.quota('images', limits.quotaCount)
      if (made === 'id-taken') throw errors.idTaken(id)
      return made
    },

    async update(ctx: Ctx, id: string, changes: readonly Change[], dialect: Dialect): Promise<Image> {
      const image = await getOwn(ctx, 'image:images:update', id)
      if (changes.length === 0) return image
      return change(ctx, image.id, newest => {
        const words = changed(newest, changes, dialect)
        if (words.visibility && words.visibility !== newest.visibility) mayShow(ctx, words.visibility)
        if (words.owner !== undefined && !can(policy, ctx, 'image:images:change-owner'))
          throw errors.forbidden("Owner can't be updated by non admin.")
        return words
      })
    },

    async remove(ctx: Ctx, id: string): Promise<void> {
      const image = await getOwn(ctx, 'image:images:delete', id)
      const removed = await store.remove(image.id, ctx.clock.now())
      if (removed === 'gone') throw errors.imageNotFound(id)
      if (removed === 'protected') throw errors.protectedImage(id)
      if (removed.blob_id) await blobs.remove([removed.blob_id])
    },

    /** Image data of a deactivated image is for administrators and services only. */
    async setDeactivated(ctx: Ctx, id: string, deactivated: boolean): Promise<void> {
      const verb = deactivated ? 'deactivate' : 'reactivate'
      const image = await getOwn(ctx, `image:images:${verb}`, id)
      await change(ctx, image.id, ({ status }) => {
        if (status !== 'active' && status !== 'deactivated') throw errors.wrongStatus(verb, status)
        return { is_deactivated: deactivated }
      })
    },

    async addTag(ctx: Ctx, id: string, tag: string): Promise<void> {
      const image = await getOwn(ctx, 'image:tags:add', id)
      await change(ctx, image.id, ({ tags }) => {
        if (!tags.includes(tag) && tags.length >= MAX_TAGS) throw errors.quota('tags of an image', MAX_TAGS)
        return { tags: tags.includes(tag) ? tags : [...tags, tag] }
      })
    },

    async removeTag(ctx: Ctx, id: string, tag: string): Promise<void> {
      const image = await getOwn(ctx, 'image:tags:remove', id)
      await change(ctx, image.id, ({ tags }) => {
        if (!tags.includes(tag)) throw errors.tagNotFound(tag)
        return { tags: tags.filter(t => t !== tag) }
      })
    },

    async usage(ctx: Ctx) {
      const used = await store.usage(projectOf(ctx.caller) ?? '')
      return {
        image_count_total: { usage: used.images, limit: limits.quotaCount },
        image_size_total: {
          usage: Math.ceil(used.bytes / 2 ** 20),
          limit: Math.floor(limits.quotaBytes / 2 ** 20),
        },
        image_count_uploading: { usage: used.uploading, limit: limits.quotaCount },
      }
    },
  }
}

function mayShow(ctx: Ctx, visibility: string): void {
  if (visibility === 'public' && !can(policy, ctx, 'image:images:publicize')) throw errors.onlyPublicByAdmin()
}
