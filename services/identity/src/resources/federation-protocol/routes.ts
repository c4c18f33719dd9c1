import { type Route, route } from '@caelum/http'
import { viewPage } from '../../collection.ts'
import { AtProtocol, ChangeProtocol, CreateProtocol, OfProvider, ProtocolReply } from './schema.ts'
import type { ProtocolService } from './service.ts'
import { viewProtocol } from './view.ts'

const ALL = '/v3/OS-FEDERATION/identity_providers/:idp_id/protocols'
const ONE = `${ALL}/:protocol_id`

const whichOf = ({ idp_id, protocol_id }: { idp_id: string; protocol_id: string }) => ({
  providerId: idp_id,
  id: protocol_id,
})

/** keystone/api/os_federation.py, IDPProtocolsListResource and IDPProtocolsCRUDResource. */
export const protocolRoutes = (protocols: ProtocolService): Route[] => [
  route({
    operation: 'identity:protocols:list',
    method: 'GET',
    path: ALL,
    summary: 'List the protocols of an identity provider',
    params: OfProvider,
    async handle(ctx, { params, request }) {
      const rows = await protocols.list(ctx, params.idp_id)
      return viewPage(ctx, request, { name: 'protocols', rows }, viewProtocol)
    },
  }),
  route({
    operation: 'identity:protocols:create',
    method: 'PUT',
    path: ONE,
    summary: 'Create a protocol of an identity provider',
    params: AtProtocol,
    body: CreateProtocol,
    reply: ProtocolReply,
    status: 201,
    async handle(ctx, { params, body }) {
      return { protocol: viewProtocol(ctx, await protocols.create(ctx, whichOf(params), body.protocol)) }
    },
  }),
  route({
    operation: 'identity:protocols:show',
    method: 'GET',
    path: ONE,
    summary: 'Show a protocol of an identity provider',
    params: AtProtocol,
    reply: ProtocolReply,
    async handle(ctx, { params }) {
      return { protocol: viewProtocol(ctx, await protocols.get(ctx, whichOf(params))) }
    },
  }),
  route({
    operation: 'identity:protocols:update',
    method: 'PATCH',
    path: ONE,
    summary: 'Change a protocol of an identity provider; tokens by it end',
    params: AtProtocol,
    body: ChangeProtocol,
    reply: ProtocolReply,
    async handle(ctx, { params, body }) {
      return { protocol: viewProtocol(ctx, await protocols.update(ctx, whichOf(params), body.protocol)) }
    },
  }),
  route({
    operation: 'identity:protocols:delete',
    method: 'DELETE',
    path: ONE,
    summary: 'Delete a protocol of an identity provider, and the users who came by it',
    params: AtProtocol,
    status: 204,
    handle: (ctx, { params }) => protocols.remove(ctx, whichOf(params)),
  }),
]
