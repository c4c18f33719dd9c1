import { type Route, route } from '@caelum/http'
import type { Ctx } from '@caelum/kernel'
import { z } from 'zod'
import { byId, linkTo } from '../../collection.ts'
import { collectionRoutes } from '../../collection-routes.ts'
import { ChangeRole, CreateRole, Implied, ListRoles, RoleReply } from './schema.ts'
import type { Inference, RoleService } from './service.ts'
import { viewRole, viewRoleBrief } from './view.ts'

/** keystone/api/roles.py, keystone/api/role_inferences.py */
export const roleRoutes = (roles: RoleService): Route[] => [
  ...collectionRoutes({
    many: 'roles',
    one: 'role',
    create: z.object({ role: CreateRole }),
    change: z.object({ role: ChangeRole }),
    query: ListRoles,
    reply: RoleReply,
    service: roles,
    view: viewRole,
  }),
  route({
    operation: 'identity:role_inferences:list',
    method: 'GET',
    path: '/v3/role_inferences',
    summary: 'List which roles imply which',
    async handle(ctx) {
      const inferences = await roles.inferences()
      return {
        role_inferences: inferences.map(it => viewMany(ctx, it)),
        links: { next: null, previous: null, ...linkTo(ctx, 'role_inferences') },
      }
    },
  }),
  route({
    operation: 'identity:roles:implies:list',
    method: 'GET',
    path: '/v3/roles/:id/implies',
    summary: 'List what a role implies',
    params: byId,
    async handle(ctx, { params }) {
      const prior = await roles.get(ctx, params.id)
      const [inference] = await roles.inferences(params.id)
      return {
        role_inference: viewMany(ctx, inference ?? { prior, implied: [] }),
        links: linkTo(ctx, `roles/${params.id}/implies`),
      }
    },
  }),
  route({
    operation: 'identity:roles:implies:create',
    method: 'PUT',
    path: '/v3/roles/:id/implies/:implied_id',
    summary: 'Let a role imply another',
    params: Implied,
    status: 201,
    async handle(ctx, { params }) {
      return viewOne(ctx, await roles.imply(ctx, params.id, params.implied_id))
    },
  }),
  route({
    operation: 'identity:roles:implies:show',
    method: 'GET',
    path: '/v3/roles/:id/implies/:implied_id',
    summary: 'Does the role imply the other?',
    params: Implied,
    async handle(ctx, { params }) {
      return viewOne(ctx, await roles.implication(ctx, params.id, params.implied_id))
    },
  }),
  route({
    operation: 'identity:roles:implies:check',
    method: 'HEAD',
    path: '/v3/roles/:id/implies/:implied_id',
    summary: 'Does the role imply the other?',
    params: Implied,
    status: 204,
    async handle(ctx, { params }) {
      await roles.implication(ctx, params.id, params.implied_id)
    },
  }),
  route({
    operation: 'identity:roles:implies:delete',
    method: 'DELETE',
    path: '/v3/roles/:id/implies/:implied_id',
    summary: 'Let a role imply another no more',
    params: Implied,
    status: 204,
    handle: (ctx, { params }) => roles.unimply(ctx, params.id, params.implied_id),
  }),
]

const viewMany = (ctx: Ctx, { prior, implied }: Inference) => ({
  prior_role: viewRoleBrief(ctx, prior),
  implies: implied.map(role => viewRoleBrief(ctx, role)),
})

const viewOne = (ctx: Ctx, { prior, implied: [implied] }: Inference) => ({
  role_inference: {
    prior_role: viewRoleBrief(ctx, prior),
    implies: implied ? viewRoleBrief(ctx, implied) : null,
  },
  links: linkTo(ctx, `roles/${prior.id}/implies/${implied?.id}`),
})
