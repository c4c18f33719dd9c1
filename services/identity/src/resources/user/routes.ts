import { type Route, route } from '@caelum/http'
import { z } from 'zod'
import { byId, viewPage } from '../../collection.ts'
import { collectionRoutes } from '../../collection-routes.ts'
import { askerOf } from '../../login/guard.ts'
import { viewGroup } from '../group/view.ts'
import type { OwnPassword } from './own-password.ts'
import { ChangePassword, ChangeUser, CreateUser, ListUsers, UserReply } from './schema.ts'
import type { UserService } from './service.ts'
import { viewUser } from './view.ts'

/** keystone/api/users.py */
export const userRoutes = (users: UserService, password: OwnPassword): Route[] => [
  ...collectionRoutes({
    many: 'users',
    one: 'user',
    create: z.object({ user: CreateUser }),
    change: z.object({ user: ChangeUser }),
    query: ListUsers,
    reply: UserReply,
    service: users,
    view: viewUser,
  }),
  route({
    operation: 'identity:users:change_password',
    method: 'POST',
    path: '/v3/users/:id/password',
    summary: 'Change a password, knowing the old one: that is proof enough, as in Keystone',
    access: 'public',
    params: byId,
    body: ChangePassword,
    status: 204,
    handle: (ctx, { params, body, request }) => password.change(ctx, askerOf(request), params.id, body.user),
  }),
  route({
    operation: 'identity:users:groups',
    method: 'GET',
    path: '/v3/users/:id/groups',
    summary: 'List the groups of a user',
    params: byId,
    query: ListUsers,
    async handle(ctx, { params, query, request }) {
      const rows = await users.groups(ctx, params.id, query)
      return viewPage(ctx, request, { name: 'groups', rows, limit: query.limit }, viewGroup)
    },
  }),
]
