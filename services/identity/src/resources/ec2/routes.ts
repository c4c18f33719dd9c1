import { type Route, route } from '@caelum/http'
import { viewPage } from '../../collection.ts'
import { askerOf } from '../../login/guard.ts'
import type { Catalog } from '../endpoint/catalog.ts'
import { tokenAnswer } from '../token/answer.ts'
import { TokenReply } from '../token/schema.ts'
import type { TokenService } from '../token/service.ts'
import type { KeyPairProof } from './proof.ts'
import { byAccess, byUser, CreateKeyPair, Ec2Token, KeyPairReply, S3Token } from './schema.ts'
import type { Ec2Service } from './service.ts'
import { viewKeyPair } from './view.ts'

const PATH = '/v3/users/:user_id/credentials/OS-EC2'

interface Logins {
  keyPairs: KeyPairProof
  tokens: Pick<TokenService, 'issueFor'>
  catalog: Catalog
}

/** keystone/api/users.py, UserOSEC2Credentials... */
export const ec2Routes = (service: Ec2Service, { keyPairs, tokens, catalog }: Logins): Route[] => [
  route({
    operation: 'identity:ec2_credentials:create',
    method: 'POST',
    path: PATH,
    summary: 'Create an EC2 key pair of a user for a project',
    params: byUser,
    body: CreateKeyPair,
    reply: KeyPairReply,
    status: 201,
    async handle(ctx, { params, body }) {
      return { credential: viewKeyPair(ctx, await service.create(ctx, params.user_id, body.tenant_id)) }
    },
  }),
  route({
    operation: 'identity:ec2_credentials:list',
    method: 'GET',
    path: PATH,
    summary: 'List the EC2 key pairs of a user',
    params: byUser,
    async handle(ctx, { params, request }) {
      const rows = await service.list(ctx, params.user_id)
      return viewPage(ctx, request, { name: 'credentials', rows }, viewKeyPair)
    },
  }),
  route({
    operation: 'identity:ec2_credentials:show',
    method: 'GET',
    path: `${PATH}/:access`,
    summary: 'Show an EC2 key pair',
    params: byAccess,
    reply: KeyPairReply,
    async handle(ctx, { params }) {
      return { credential: viewKeyPair(ctx, await service.get(ctx, params.user_id, params.access)) }
    },
  }),
  route({
    operation: 'identity:ec2_credentials:delete',
    method: 'DELETE',
    path: `${PATH}/:access`,
    summary: 'Delete an EC2 key pair; tokens made from it end',
    params: byAccess,
    status: 204,
    handle: (ctx, { params }) => service.remove(ctx, params.user_id, params.access),
  }),
  route({
    operation: 'identity:ec2tokens:create',
    method: 'POST',
    path: '/v3/ec2tokens',
    summary: 'A token for whoever signed this request with an EC2 key pair',
    body: Ec2Token,
    reply: TokenReply,
    async handle(ctx, { body, request }, reply) {
      const proven = keyPairs.ofRequest(body, ctx.clock.now())
      const { text, claims } = await tokens.issueFor(askerOf(request), proven)
      return tokenAnswer(catalog)(reply, text, claims)
    },
  }),
  route({
    operation: 'identity:s3tokens:create',
    method: 'POST',
    path: '/v3/s3tokens',
    summary: 'Who signed this request to S3 with an EC2 key pair, as a token would say it',
    body: S3Token,
    reply: TokenReply,
    async handle(_ctx, { body, request }, reply) {
      const { claims } = await tokens.issueFor(askerOf(request), keyPairs.ofS3(body))
      return tokenAnswer(catalog)(reply, null, claims)
    },
  }),
]
