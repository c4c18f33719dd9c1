import type { Claims } from '@caelum/token'
import type { FastifyReply } from 'fastify'
import type { Catalog } from '../endpoint/catalog.ts'
import { viewToken } from './view.ts'

/** How a token is answered: its text in a header, what it says in the body, with the catalogue unless not wanted. */
export const tokenAnswer =
  (catalog: Catalog) =>
  async (
    reply: FastifyReply,
    text: string | null,
    claims: Claims,
    query: { nocatalog?: string | undefined } = {},
  ): Promise<string> => {
    const services = query.nocatalog === undefined ? await catalog.json(claims.sub, claims.p?.[0]) : null
    if (text !== null) reply.header('x-subject-token', text)
    reply.header('vary', 'X-Auth-Token').type('application/json')
    return viewToken(claims, services)
  }
