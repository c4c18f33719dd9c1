import { type Route, route } from '@caelum/http'
import { ImageId } from '../image/schema.ts'
import { CreateMember, MemberId, MemberReply, MembersReply, UpdateMember } from './schema.ts'
import type { MemberService } from './service.ts'
import { viewMember } from './view.ts'

export const memberRoutes = (members: MemberService): Route[] => [
  route({
    operation: 'image:members:list',
    method: 'GET',
    path: '/v2/images/:image_id/members',
    summary: 'List the projects that an image is shared with',
    params: ImageId,
    reply: MembersReply,
    handle: async (ctx, { params }) => ({
      members: (await members.list(ctx, params.image_id)).map(viewMember),
      schema: '/v2/schemas/members',
    }),
  }),
  route({
    operation: 'image:members:create',
    method: 'POST',
    path: '/v2/images/:image_id/members',
    summary: 'Offer an image to a project',
    params: ImageId,
    body: CreateMember,
    reply: MemberReply,
    handle: async (ctx, { params, body }) =>
      viewMember(await members.create(ctx, params.image_id, body.member)),
  }),
  route({
    operation: 'image:members:show',
    method: 'GET',
    path: '/v2/images/:image_id/members/:member_id',
    summary: 'Show whether a project has accepted an image',
    params: MemberId,
    reply: MemberReply,
    handle: async (ctx, { params }) => viewMember(await members.get(ctx, params.image_id, params.member_id)),
  }),
  route({
    operation: 'image:members:update',
    method: 'PUT',
    path: '/v2/images/:image_id/members/:member_id',
    summary: 'Accept or reject an image that is offered',
    params: MemberId,
    body: UpdateMember,
    reply: MemberReply,
    handle: async (ctx, { params, body }) =>
      viewMember(await members.setStatus(ctx, params.image_id, params.member_id, body.status)),
  }),
  route({
    operation: 'image:members:delete',
    method: 'DELETE',
    path: '/v2/images/:image_id/members/:member_id',
    summary: 'Take an image back from a project',
    params: MemberId,
    status: 204,
    handle: (ctx, { params }) => members.remove(ctx, params.image_id, params.member_id),
  }),
]
