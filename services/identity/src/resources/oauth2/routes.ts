/**
 * OAuth 2.0 client credentials (RFC 6749, section 4.4; keystone/api/os_oauth2.py): an application credential is the
 * client, its id and secret come as HTTP Basic authentication or in the form, and the access token is a token of ours.
 */
import { type Route, route } from '@caelum/http'
import { Problem } from '@caelum/kernel'
import { z } from 'zod'
import { errors } from '../../errors.ts'
import type { TokenService } from '../token/service.ts'

const Form = z.object({
  grant_type: z.string().max(255).optional(),
  client_id: z.string().min(1).max(255).optional(),
  client_secret: z.string().max(8_192).optional(),
})

const TokenReply = z.object({
  access_token: z.string(),
  token_type: z.literal('Bearer'),
  expires_in: z.number(),
})

export const oauth2Routes = (tokens: Pick<TokenService, 'issue'>): Route[] => [
  route({
    operation: 'identity:oauth2:token',
    method: 'POST',
    path: '/v3/OS-OAUTH2/token',
    summary: 'An access token for an application credential',
    access: 'public',
    body: Form,
    reply: TokenReply,
    async handle(ctx, { body, request }, reply) {
      reply.header('cache-control', 'no-store')
      try {
        const { text, claims } = await tokens.issue(
          { ctx, request },
          authOf(body, request.headers.authorization),
        )
        const expires_in = Math.max(0, Math.floor(claims.exp - ctx.clock.now().getTime() / 1_000))
        return { access_token: text, token_type: 'Bearer', expires_in }
      } catch (error) {
        if (!(error instanceof Problem) || error.status >= 500) throw error
        reply.code(error.status).headers(error.headers)
        return { error: CODES[error.code] ?? 'invalid_request', error_description: error.message }
      }
    },
  }),
]

const CODES: Readonly<Record<string, string>> = {
  Unauthorized: 'invalid_client',
  UnsupportedGrantType: 'unsupported_grant_type',
}

function authOf({ grant_type, client_id, client_secret }: z.output<typeof Form>, authorization?: string) {
  if (grant_type === undefined) throw errors.badRequest('The parameter grant_type is required.')
  if (grant_type !== 'client_credentials') throw errors.unsupportedGrantType(grant_type)
  const basic = basicOf(authorization)
  const [id, secret] = basic ?? [client_id, client_secret]
  if (!id || !secret) throw errors.unauthenticated()
  return {
    identity: { methods: ['application_credential'], application_credential: { id, secret } },
  }
}

function basicOf(authorization: string | undefined): [id: string, secret: string] | null {
  const [, encoded] = /^basic\s+(\S+)$/i.exec(authorization ?? '') ?? []
  const [, id, secret] = /^([^:]*):(.*)$/s.exec(Buffer.from(encoded ?? '', 'base64').toString()) ?? []
  return id === undefined || secret === undefined ? null : [id, secret]
}
