import { type Route, route } from '@caelum/http'
import { z } from 'zod'
import { viewPage } from '../../collection.ts'
import {
  ApplicationCredentialReply,
  CreateApplicationCredential,
  ListApplicationCredentials,
  ofUser,
  ofUserById,
} from './schema.ts'
import type { ApplicationCredentialService } from './service.ts'
import { viewApplicationCredential } from './view.ts'

const PATH = '/v3/users/:user_id/application_credentials'

/** keystone/api/users.py, UserAppCred... */
export const applicationCredentialRoutes = (credentials: ApplicationCredentialService): Route[] => [
  route({
    operation: 'identity:application_credentials:create',
    method: 'POST',
    path: PATH,
    summary: 'Lend roles to a program; the secret is in this answer and in no other',
    params: ofUser,
    body: z.strictObject({ application_credential: CreateApplicationCredential }),
    reply: ApplicationCredentialReply,
    status: 201,
    async handle(ctx, { params, body }) {
      const { row, secret } = await credentials.create(ctx, params.user_id, body.application_credential)
      return { application_credential: { ...viewApplicationCredential(ctx, row), secret } }
    },
  }),
  route({
    operation: 'identity:application_credentials:list',
    method: 'GET',
    path: PATH,
    summary: 'List the application credentials of a user',
    params: ofUser,
    query: ListApplicationCredentials,
    async handle(ctx, { params, query, request }) {
      const rows = await credentials.list(ctx, params.user_id, query)
      const list = { name: 'application_credentials', rows, limit: query.limit }
      return viewPage(ctx, request, list, viewApplicationCredential)
    },
  }),
  route({
    operation: 'identity:application_credentials:show',
    method: 'GET',
    path: `${PATH}/:id`,
    summary: 'Show an application credential',
    params: ofUserById,
    reply: ApplicationCredentialReply,
    async handle(ctx, { params }) {
      const row = await credentials.get(ctx, params.user_id, params.id)
      return { application_credential: viewApplicationCredential(ctx, row) }
    },
  }),
  route({
    operation: 'identity:application_credentials:delete',
    method: 'DELETE',
    path: `${PATH}/:id`,
    summary: 'Delete an application credential; its tokens end',
    params: ofUserById,
    status: 204,
    handle: (ctx, { params }) => credentials.remove(ctx, params.user_id, params.id),
  }),
]
