/**
 * OAuth 1.0a: a user lends some of their roles on a project to a consumer, without telling it a password.
 *
 *   consumer → request token → the user authorizes it and gets a verifier, tells the consumer → access token
 *   → tokens of ours, by signed requests
 *
 * Each signed request is good once, within ten minutes of the time it says. Every refusal of a signature is the same
 * 401, after the same work: an unknown consumer or token is checked against secrets that nobody has.
 */
import { randomBytes, randomInt } from 'node:crypto'
import { authorize } from '@caelum/http'
import { type Ctx, newHexId } from '@caelum/kernel'
import { refuseLent } from '../../delegated.ts'
import { errors } from '../../errors.ts'
import { policy } from '../../policy.ts'
import type { Sealing } from '../../signing/seal.ts'
import type { AssignmentService } from '../assignment/service.ts'
import type { ConsumerService } from '../consumer/service.ts'
import type { RoleRef } from '../role/schema.ts'
import type { RoleService } from '../role/service.ts'
import type { ListAccessTokens } from './schema.ts'
import { isSigned, parametersOf, type SignedRequest } from './signature.ts'
import { type Lent, type OAuth1Store, type OAuth1Token, type Role, sealName } from './store.ts'

/** keystone/conf/oauth1.py */
const REQUEST_TOKEN_MS = 8 * 3_600_000
const ACCESS_TOKEN_MS = 24 * 3_600_000
/** as oauthlib, which Keystone uses */
const GOOD_FOR_MS = 600_000

const VERIFIER_CHARACTERS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789'
const NOBODYS = randomBytes(16).toString('hex')

/** A token of OAuth for the eyes of its consumer. */
export interface Issued {
  id: string
  secret: string
  expiresAt: Date
}

interface Dependencies {
  store: OAuth1Store
  sealing: Sealing
  consumers: Pick<ConsumerService, 'secret'>
  roles: Pick<RoleService, 'refer'>
  assignments: Pick<AssignmentService, 'rolesHeld'>
}

export const oauth1Service = ({ store, sealing, consumers, roles, assignments }: Dependencies) => {
  /** @returns an id, a secret to be shown once, and that sealed */
  function freshSecret() {
    const [id, secret] = [newHexId(), randomBytes(16).toString('hex')]
    return { id, secret, secret_sealed: sealing.seal(sealName(id), Buffer.from(secret)) }
  }

  /**
   * Checks the signature, by the consumer's secret and that of the token if one is asked for.
   *
   * @throws Problem 400 without the parameters, 401 for everything else
   */
  async function check(request: SignedRequest, kind: 'request' | 'access' | null, now: Date) {
    const parameters = parametersOf(request.authorization)
    if (!parameters) throw errors.badRequest('The Authorization header must have the parameters of OAuth.')
    const named = (name: string): string => {
      const value = parameters.get(name)
      if (!value) throw errors.badRequest(`Expecting to find ${name} in request.`)
      return value
    }
    const consumerId = named('oauth_consumer_key')
    const token = kind && (await store.get(kind, named('oauth_token')))
    const secrets = {
      consumerSecret: (await consumers.secret(consumerId)) ?? NOBODYS,
      tokenSecret: kind === null ? '' : secretOf(token),
    }
    const right = isSigned(request, secrets) && (kind === null || token?.consumer_id === consumerId)
    const saidAt = Number(parameters.get('oauth_timestamp')) * 1_000
    const inTime = Math.abs(saidAt - now.getTime()) <= GOOD_FOR_MS
    if (!right || !inTime || (token && token.expires_at <= now)) throw errors.unauthenticated()
    const nonce = `${saidAt} ${named('oauth_nonce').slice(0, 200)}`
    const expires_at = new Date(saidAt + GOOD_FOR_MS)
    if (!(await store.remember({ consumer_id: consumerId, nonce, expires_at })))
      throw errors.unauthenticated()
    return { consumerId, token, verifier: parameters.get('oauth_verifier') }
  }

  const secretOf = (row: OAuth1Token | null): string =>
    row ? sealing.unseal(sealName(row.id), row.secret_sealed).toString() : NOBODYS

  async function own(userId: string, id: string): Promise<OAuth1Token> {
    const row = await store.get('access', id)
    if (row?.user_id !== userId) throw errors.notFound('access token', id)
    return row
  }

  return {
    /** @throws Problem 404 when there is no such project */
    async requestToken(ctx: Ctx, request: SignedRequest, projectId: string): Promise<Issued> {
      const now = ctx.clock.now()
      const { consumerId } = await check(request, null, now)
      const { secret, ...sealed } = freshSecret()
      const expiresAt = new Date(now.getTime() + REQUEST_TOKEN_MS)
      const row = await store.insert({
        ...sealed,
        kind: 'request',
        consumer_id: consumerId,
        project_id: projectId,
        expires_at: expiresAt,
      })
      if (row === 'gone') throw errors.notFound('project', projectId)
      return { id: row.id, secret, expiresAt }
    },

    /** @returns the verifier. @throws Problem 401 when the user has not all of the roles, as Keystone */
    async authorize(ctx: Ctx, id: string, asked: readonly RoleRef[]): Promise<string> {
      refuseLent(ctx, 'request tokens')
      const row = await store.get('request', id)
      if (!row || row.expires_at <= ctx.clock.now()) throw errors.notFound('request token', id)
      const { userId } = ctx.caller
      const role_ids = (await roles.refer(asked)).map(role => role.id)
      const held = await assignments.rolesHeld(userId, row.project_id)
      if (!role_ids.every(role => held.has(role))) throw errors.authorizerWithoutRole()
      const verifier = Array.from(
        { length: 8 },
        () => VERIFIER_CHARACTERS[randomInt(VERIFIER_CHARACTERS.length)],
      ).join('')
      if (!(await store.authorize(id, { user_id: userId, role_ids, verifier })))
        throw errors.notFound('request token', id)
      return verifier
    },

    /** Once for a request token that was authorized. */
    async accessToken(ctx: Ctx, request: SignedRequest): Promise<Issued> {
      const now = ctx.clock.now()
      const { token, verifier } = await check(request, 'request', now)
      if (!verifier) throw errors.badRequest('Expecting to find oauth_verifier in request.')
      if (!token?.user_id || token.verifier !== verifier) throw errors.unauthenticated()
      const { secret, ...sealed } = freshSecret()
      const expiresAt = new Date(now.getTime() + ACCESS_TOKEN_MS)
      const exchanged = await store.exchange(token, {
        ...sealed,
        kind: 'access',
        consumer_id: token.consumer_id,
        project_id: token.project_id,
        user_id: token.user_id,
        role_ids: token.role_ids,
        expires_at: expiresAt,
      })
      if (!exchanged) throw errors.unauthenticated()
      return { id: sealed.id, secret, expiresAt }
    },

    /** Who is it that asks by an access token, and for what? */
    async prove(ctx: Ctx, request: SignedRequest): Promise<Lent> {
      const { token } = await check(request, 'access', ctx.clock.now())
      if (!token?.user_id) throw errors.unauthenticated()
      return { ...token, user_id: token.user_id }
    },

    async list(ctx: Ctx, userId: string, query: ListAccessTokens): Promise<OAuth1Token[]> {
      authorize(policy, ctx, 'identity:access_tokens:list', { userId })
      refuseLent(ctx, 'access tokens')
      return store.list(userId, query)
    },

    async get(ctx: Ctx, userId: string, id: string): Promise<OAuth1Token> {
      authorize(policy, ctx, 'identity:access_tokens:show', { userId })
      refuseLent(ctx, 'access tokens')
      return own(userId, id)
    },

    async roles(ctx: Ctx, userId: string, id: string): Promise<Role[]> {
      authorize(policy, ctx, 'identity:access_tokens:roles', { userId })
      refuseLent(ctx, 'access tokens')
      return store.roles((await own(userId, id)).role_ids)
    },

    async remove(ctx: Ctx, userId: string, id: string): Promise<void> {
      authorize(policy, ctx, 'identity:access_tokens:delete', { userId })
      refuseLent(ctx, 'access tokens')
      if (!(await store.remove(userId, id))) throw errors.notFound('access token', id)
    },
  }
}

export type OAuth1Service = ReturnType<typeof oauth1Service>
