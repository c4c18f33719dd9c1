import { type Route, route } from '@caelum/http'
import type { FastifyReply } from 'fastify'
import { byId, idText, linkTo, viewPage } from '../../collection.ts'
import { errors } from '../../errors.ts'
import { viewRole } from '../role/view.ts'
import { AccessTokenReply, Authorize, ListAccessTokens, ofUser, ofUserAndRole, ofUserById } from './schema.ts'
import type { Issued, OAuth1Service } from './service.ts'
import { signedRequest } from './signed-request.ts'
import { viewAccessToken, viewIssued } from './view.ts'

const PATH = '/v3/users/:user_id/OS-OAUTH1/access_tokens'

const answerForm = (reply: FastifyReply, issued: Issued): string => {
  reply.type('application/x-www-form-urlencoded').header('cache-control', 'no-store')
  return viewIssued(issued)
}

/** keystone/api/os_oauth1.py, and keystone/api/users.py, OAuth1... */
export const oauth1Routes = (oauth: OAuth1Service): Route[] => [
  route({
    operation: 'identity:oauth1:request_token',
    method: 'POST',
    path: '/v3/OS-OAUTH1/request_token',
    summary: 'A consumer, by its signature, asks for a request token for a project',
    access: 'public',
    status: 201,
    async handle(ctx, { request }, reply) {
      const project = idText.safeParse(request.headers['requested-project-id'])
      if (!project.success) throw errors.badRequest('Expecting to find Requested-Project-Id in request.')
      return answerForm(reply, await oauth.requestToken(ctx, signedRequest(ctx, request), project.data))
    },
  }),
  route({
    operation: 'identity:oauth1:authorize',
    method: 'PUT',
    path: '/v3/OS-OAUTH1/authorize/:id',
    summary: 'Lend roles to the consumer of a request token',
    params: byId,
    body: Authorize,
    async handle(ctx, { params, body }) {
      return { token: { oauth_verifier: await oauth.authorize(ctx, params.id, body.roles) } }
    },
  }),
  route({
    operation: 'identity:oauth1:access_token',
    method: 'POST',
    path: '/v3/OS-OAUTH1/access_token',
    summary: 'A consumer, by its signature and the verifier, exchanges a request token for an access token',
    access: 'public',
    status: 201,
    async handle(ctx, { request }, reply) {
      return answerForm(reply, await oauth.accessToken(ctx, signedRequest(ctx, request)))
    },
  }),
  route({
    operation: 'identity:access_tokens:list',
    method: 'GET',
    path: PATH,
    summary: 'List what a user has lent by OAuth',
    params: ofUser,
    query: ListAccessTokens,
    async handle(ctx, { params, query, request }) {
      const rows = await oauth.list(ctx, params.user_id, query)
      return viewPage(ctx, request, { name: 'access_tokens', rows, limit: query.limit }, viewAccessToken)
    },
  }),
  route({
    operation: 'identity:access_tokens:show',
    method: 'GET',
    path: `${PATH}/:id`,
    summary: 'Show an access token',
    params: ofUserById,
    reply: AccessTokenReply,
    async handle(ctx, { params }) {
      return { access_token: viewAccessToken(ctx, await oauth.get(ctx, params.user_id, params.id)) }
    },
  }),
  route({
    operation: 'identity:access_tokens:delete',
    method: 'DELETE',
    path: `${PATH}/:id`,
    summary: 'Delete an access token; the tokens made by it end',
    params: ofUserById,
    status: 204,
    handle: (ctx, { params }) => oauth.remove(ctx, params.user_id, params.id),
  }),
  route({
    operation: 'identity:access_tokens:roles',
    method: 'GET',
    path: `${PATH}/:id/roles`,
    summary: 'List the roles that an access token lends',
    params: ofUserById,
    async handle(ctx, { params, request }) {
      const rows = await oauth.roles(ctx, params.user_id, params.id)
      return viewPage(ctx, request, { name: 'roles', rows }, viewRole)
    },
  }),
  route({
    operation: 'identity:access_tokens:roles',
    method: 'GET',
    path: `${PATH}/:id/roles/:role_id`,
    summary: 'Does an access token lend this role?',
    params: ofUserAndRole,
    async handle(ctx, { params }) {
      const rows = await oauth.roles(ctx, params.user_id, params.id)
      const role = rows.find(row => row.id === params.role_id)
      if (!role) throw errors.notFound('role', params.role_id)
      return { role: viewRole(ctx, role), links: linkTo(ctx, `roles/${role.id}`) }
    },
  }),
]
