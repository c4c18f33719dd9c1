import type { Ctx } from '@caelum/kernel'
import type { FastifyRequest } from 'fastify'
import type { SignedRequest } from './signature.ts'

/** As the client signed it. */
export const signedRequest = (ctx: Ctx, { method, url, headers }: FastifyRequest): SignedRequest => ({
  method,
  url: `${ctx.baseUrl}${url}`,
  authorization: headers.authorization,
})
