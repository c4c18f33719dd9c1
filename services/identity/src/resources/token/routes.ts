import { type Route, route } from '@caelum/http'
import type { FastifyRequest } from 'fastify'
import { errors } from '../../errors.ts'
import type { Catalog } from '../endpoint/catalog.ts'
import { tokenAnswer } from './answer.ts'
import { ReceiptNeeded } from './receipt.ts'
import { Authenticate, NoCatalog, TokenReply } from './schema.ts'
import type { TokenService } from './service.ts'

/** keystone/api/auth.py, AuthTokenResource. */
export const tokenRoutes = (tokens: TokenService, catalog: Catalog): Route[] => {
  const answer = tokenAnswer(catalog)
  return [
    route({
      operation: 'identity:tokens:issue',
      method: 'POST',
      path: '/v3/auth/tokens',
      summary: 'Authenticate, by password or by a token, and get a token',
      access: 'public',
      query: NoCatalog,
      body: Authenticate,
      reply: TokenReply,
      status: 201,
      async handle(ctx, { query, body, request }, reply) {
        try {
          const { text, claims } = await tokens.issue({ ctx, request }, body.auth)
          return await answer(reply, text, claims, query)
        } catch (error) {
          if (error instanceof ReceiptNeeded) return error.answer(reply)
          throw error
        }
      },
    }),
    route({
      operation: 'identity:tokens:validate',
      method: 'GET',
      path: '/v3/auth/tokens',
      summary: 'Validate a token and show what it says',
      query: NoCatalog,
      reply: TokenReply,
      async handle(ctx, { query, request }, reply) {
        const text = subjectToken(request)
        return answer(reply, text, tokens.read(ctx, 'identity:tokens:validate', text), query)
      },
    }),
    route({
      operation: 'identity:tokens:revoke',
      method: 'DELETE',
      path: '/v3/auth/tokens',
      summary: 'Revoke a token',
      status: 204,
      handle: (ctx, { request }) => tokens.revoke(ctx, subjectToken(request)),
    }),
  ]
}

function subjectToken(request: FastifyRequest): string {
  const text = request.headers['x-subject-token']
  if (typeof text !== 'string' || text === '') throw errors.tokenNotFound()
  return text
}
