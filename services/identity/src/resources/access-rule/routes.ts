import { type Route, route } from '@caelum/http'
import { viewPage } from '../../collection.ts'
import { ofUser, ofUserById } from '../application-credential/schema.ts'
import { AccessRuleReply, ListAccessRules } from './schema.ts'
import type { AccessRuleService } from './service.ts'
import { viewAccessRule } from './view.ts'

const PATH = '/v3/users/:user_id/access_rules'

/** keystone/api/users.py, UserAccessRule... */
export const accessRuleRoutes = (rules: AccessRuleService): Route[] => [
  route({
    operation: 'identity:access_rules:list',
    method: 'GET',
    path: PATH,
    summary: 'List the access rules of a user',
    params: ofUser,
    query: ListAccessRules,
    async handle(ctx, { params, query, request }) {
      const rows = await rules.list(ctx, params.user_id, query)
      return viewPage(ctx, request, { name: 'access_rules', rows, limit: query.limit }, viewAccessRule)
    },
  }),
  route({
    operation: 'identity:access_rules:show',
    method: 'GET',
    path: `${PATH}/:id`,
    summary: 'Show an access rule',
    params: ofUserById,
    reply: AccessRuleReply,
    async handle(ctx, { params }) {
      return { access_rule: viewAccessRule(ctx, await rules.get(ctx, params.user_id, params.id)) }
    },
  }),
  route({
    operation: 'identity:access_rules:delete',
    method: 'DELETE',
    path: `${PATH}/:id`,
    summary: 'Delete an access rule that no application credential uses',
    params: ofUserById,
    status: 204,
    handle: (ctx, { params }) => rules.remove(ctx, params.user_id, params.id),
  }),
]
