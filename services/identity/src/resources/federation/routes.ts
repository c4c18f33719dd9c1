import { type Route, route } from '@caelum/http'
import { errors } from '../../errors.ts'
import type { Catalog } from '../endpoint/catalog.ts'
import { tokenAnswer } from '../token/answer.ts'
import { TokenReply } from '../token/schema.ts'
import type { FederatedLogin } from './login.ts'
import { answerChoice, answerToken } from './page.ts'
import { AtDoor, ByProtocol, FromDashboard } from './schema.ts'
import type { WebSso } from './websso.ts'

interface Logins {
  federatedLogin: FederatedLogin
  webSso: WebSso
  catalog: Catalog
}

const BOTH = ['GET', 'POST'] as const
const whereOf = ({ idp_id, protocol_id }: { idp_id: string; protocol_id: string }) => ({
  providerId: idp_id,
  protocolId: protocol_id,
})

/** keystone/api/os_federation.py, OSFederationAuthResource, and keystone/api/auth.py, AuthFederationWebSSO... */
export const federationRoutes = ({ federatedLogin, webSso, catalog }: Logins): Route[] => [
  ...BOTH.map(method =>
    route({
      operation: 'identity:federation:auth',
      method,
      path: '/v3/OS-FEDERATION/identity_providers/:idp_id/protocols/:protocol_id/auth',
      summary: 'A token for whom a token of the identity provider, in the header Authorization, stands for',
      access: 'public',
      params: AtDoor,
      reply: TokenReply,
      status: 201,
      async handle(ctx, { params, request }, reply) {
        const { text, claims } = await federatedLogin.byBearer(
          { ctx, request },
          params.idp_id,
          params.protocol_id,
        )
        return tokenAnswer(catalog)(reply, text, claims)
      },
    }),
  ),
  ...BOTH.map(method =>
    route({
      operation: 'identity:federation:websso',
      method,
      path: '/v3/auth/OS-FEDERATION/identity_providers/:idp_id/protocols/:protocol_id/websso',
      summary: 'Send a browser to the identity provider, for a dashboard',
      access: 'public',
      params: AtDoor,
      query: FromDashboard,
      status: 302,
      async handle(ctx, { params, query }, reply) {
        const { location, cookie } = await webSso.begin(ctx, whereOf(params), webSso.dashboard(query.origin))
        reply.headers({ location, 'set-cookie': cookie, 'cache-control': 'no-store' })
      },
    }),
  ),
  ...BOTH.map(method =>
    route({
      operation: 'identity:federation:websso',
      method,
      path: '/v3/auth/OS-FEDERATION/websso/:protocol_id',
      summary: 'Send a browser to the identity provider with this protocol, or let the user choose one',
      access: 'public',
      params: ByProtocol,
      query: FromDashboard,
      status: 302,
      async handle(ctx, { params, query }, reply) {
        const dashboard = webSso.dashboard(query.origin)
        const [only, ...others] = await webSso.providersOf(params.protocol_id)
        if (only === undefined) throw errors.notFound('identity provider with protocol', params.protocol_id)
        if (others.length > 0) {
          const choices = [only, ...others].map(name => ({
            name,
            url: `${ctx.baseUrl}/v3/auth/OS-FEDERATION/identity_providers/${encodeURIComponent(name)}/protocols/${encodeURIComponent(params.protocol_id)}/websso?origin=${encodeURIComponent(dashboard)}`,
          }))
          return answerChoice(reply.code(200), choices)
        }
        const where = { providerId: only, protocolId: params.protocol_id }
        const { location, cookie } = await webSso.begin(ctx, where, dashboard)
        return reply.headers({ location, 'set-cookie': cookie, 'cache-control': 'no-store' }).send()
      },
    }),
  ),
  route({
    operation: 'identity:federation:callback',
    method: 'GET',
    path: '/v3/auth/OS-FEDERATION/identity_providers/:idp_id/protocols/:protocol_id/websso/callback',
    summary: 'The browser comes back from the identity provider',
    access: 'public',
    params: AtDoor,
    async handle(ctx, { params, request }, reply) {
      const { text, dashboard, cookie } = await webSso.finish(ctx, request, whereOf(params))
      return answerToken(reply.header('set-cookie', cookie), dashboard, text)
    },
  }),
]
