import { type Route, route } from '@caelum/http'
import { z } from 'zod'
import { byId, viewPage } from '../../collection.ts'
import { collectionRoutes } from '../../collection-routes.ts'
import { ListUsers } from '../user/schema.ts'
import type { UserService } from '../user/service.ts'
import { viewUser } from '../user/view.ts'
import { ChangeGroup, CreateGroup, GroupReply, GroupUser, ListGroups } from './schema.ts'
import type { GroupService } from './service.ts'
import { viewGroup } from './view.ts'

/** keystone/api/groups.py */
export const groupRoutes = (groups: GroupService, users: UserService): Route[] => [
  ...collectionRoutes({
    many: 'groups',
    one: 'group',
    create: z.object({ group: CreateGroup }),
    change: z.object({ group: ChangeGroup }),
    query: ListGroups,
    reply: GroupReply,
    service: groups,
    view: viewGroup,
  }),
  route({
    operation: 'identity:groups:users:list',
    method: 'GET',
    path: '/v3/groups/:id/users',
    summary: 'List the users of a group',
    params: byId,
    query: ListUsers,
    async handle(ctx, { params, query, request }) {
      await groups.get(ctx, params.id)
      const rows = await users.listOfGroup(ctx, params.id, query)
      return viewPage(ctx, request, { name: 'users', rows, limit: query.limit }, viewUser)
    },
  }),
  route({
    operation: 'identity:groups:users:add',
    method: 'PUT',
    path: '/v3/groups/:id/users/:user_id',
    summary: 'Add a user to a group',
    params: GroupUser,
    status: 204,
    handle: (ctx, { params }) => groups.addUser(ctx, params.id, params.user_id),
  }),
  route({
    operation: 'identity:groups:users:check',
    method: 'GET',
    path: '/v3/groups/:id/users/:user_id',
    summary: 'Is the user in the group?',
    params: GroupUser,
    status: 204,
    handle: (ctx, { params }) => groups.checkUser(ctx, params.id, params.user_id),
  }),
  route({
    operation: 'identity:groups:users:remove',
    method: 'DELETE',
    path: '/v3/groups/:id/users/:user_id',
    summary: 'Take a user out of a group',
    params: GroupUser,
    status: 204,
    handle: (ctx, { params }) => groups.removeUser(ctx, params.id, params.user_id),
  }),
]
