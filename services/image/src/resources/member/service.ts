import { can } from '@caelum/http'
import { type Ctx, projectOf } from '@caelum/kernel'
import { errors } from '../../errors.ts'
import { policy } from '../../policy.ts'
import type { Image, ImageService } from '../image/service.ts'
import { MAX_MEMBERS } from './schema.ts'
import type { Member, MemberStore } from './store.ts'

export type MemberService = ReturnType<typeof memberService>

/**
 * Sharing (glance/api/v2/image_members.py): the owner offers the image to projects, each accepts or rejects for
 * itself. The owner sees all members, a member sees itself only.
 */
export const memberService = (store: MemberStore, images: ImageService) => {
  const shared = async (ctx: Ctx, id: string): Promise<Image> => {
    const image = await images.get(ctx, id)
    if (image.visibility !== 'shared') throw errors.forbidden('Only shared images have members.')
    return image
  }
  const isOwner = (ctx: Ctx, operation: string, image: Image) =>
    can(policy, ctx, operation, { projectId: image.owner ?? undefined })
  const requireOwner = (ctx: Ctx, operation: string, image: Image) => {
    if (!isOwner(ctx, operation, image)) throw errors.notPermitted('change the members of', image.id)
  }

  return {
    async create(ctx: Ctx, id: string, projectId: string): Promise<Member> {
      const image = await shared(ctx, id)
      requireOwner(ctx, 'image:members:create', image)
      const now = ctx.clock.now()
      const row = {
        image_id: image.id,
        project_id: projectId,
        status: 'pending',
        created_at: now,
        updated_at: now,
      }
      switch (await store.insert(row, MAX_MEMBERS)) {
        case 'inserted':
          return row
        case 'exists':
          throw errors.memberExists(projectId, id)
        case 'over-quota':
          throw errors.quota('members of an image', MAX_MEMBERS)
        case 'gone':
          throw errors.imageNotFound(id)
      }
    },

    async list(ctx: Ctx, id: string): Promise<Member[]> {
      const image = await shared(ctx, id)
      const members = await store.list(image.id)
      if (isOwner(ctx, 'image:members:list', image)) return members
      return members.filter(member => member.project_id === projectOf(ctx.caller))
    },

    async get(ctx: Ctx, id: string, projectId: string): Promise<Member> {
      const image = await images.get(ctx, id)
      const mayLook =
        image.visibility === 'shared' &&
        (isOwner(ctx, 'image:members:show', image) || projectOf(ctx.caller) === projectId)
      const member = mayLook ? await store.get(image.id, projectId) : null
      if (!member) throw errors.memberNotFound(projectId, id)
      return member
    },

    /** Only the member itself decides, or an administrator. */
    async setStatus(ctx: Ctx, id: string, projectId: string, status: string): Promise<Member> {
      const image = await shared(ctx, id)
      if (!can(policy, ctx, 'image:members:update', { projectId }))
        throw errors.forbidden(`Not allowed to update members for image ${id}.`)
      const member = await store.setStatus(image.id, projectId, status, ctx.clock.now())
      if (!member) throw errors.memberNotFound(projectId, id)
      return member
    },

    async remove(ctx: Ctx, id: string, projectId: string): Promise<void> {
      const image = await shared(ctx, id)
      requireOwner(ctx, 'image:members:delete', image)
      if (!(await store.remove(image.id, projectId))) throw errors.memberNotFound(projectId, id)
    },
  }
}
