/**
 * A login through an identity provider, once the provider has told who it is: its claims (`oidc/`) → attributes
 * (`assertion.ts`) → a user and groups, by the mapping (`../mapping/evaluate.ts`) → a user of ours that stands for
 * them, made at the first login and known by provider, protocol and what the provider calls them (`store.ts`) → a
 * proof, from which a token is made as from any other.
 *
 * keystone/auth/plugins/mapped.py. Whoever the mapping gives no `id` is known by the subject, which a provider gives to
 * one person only, and not by the name, which it may give to another one later.
 */
import { type Logger, problems } from '@caelum/kernel'
import { errors } from '../../errors.ts'
import { type Asker, askerOf, type LoginGuard } from '../../login/guard.ts'
import { refuse } from '../../login/refusal.ts'
import { claimsOfBearer, type OidcClaims } from '../../oidc/bearer.ts'
import { isAway } from '../../oidc/bounded-fetch.ts'
import type { OidcClient, OidcClients } from '../../oidc/client.ts'
import type { Sealing } from '../../signing/seal.ts'
import { sealName } from '../identity-provider/secret.ts'
import { type Assertion, evaluate, type Mapped } from '../mapping/evaluate.ts'
import type { Asked } from '../token/methods/method.ts'
import type { Proof } from '../token/proof.ts'
import type { TokenService } from '../token/service.ts'
import { assertionOf } from './assertion.ts'
import type { Door, FederationStore, Provided } from './store.ts'

/** names of users, as elsewhere */
const LONGEST_NAME = 255

/** A login that is good once. */
interface Once {
  state: string
  until: Date
}

interface Dependencies {
  store: FederationStore
  clients: OidcClients
  sealing: Sealing
  tokens: Pick<TokenService, 'issueFor'>
  guard: Pick<LoginGuard, 'admit'>
  /** seconds a token lives */
  ttlS: number
  log: Logger
}

export const federatedLogin = (dependencies: Dependencies) => {
  const { store, clients, sealing, tokens, guard, ttlS, log } = dependencies

  /** The client is not told why; whoever runs the cloud is. Nothing of the person is said. */
  function no(door: Pick<Door, 'provider_id' | 'protocol_id'>, why: string) {
    const { provider_id: identity_provider, protocol_id: protocol } = door
    log.info({ identity_provider, protocol, why }, 'a federated login was refused')
    return refuse('refused', null, null)
  }

  /**
   * What the provider said of somebody, or what to answer when it did not say it.
   *
   * @throws Problem 503 when it is away, Refusal 401 when it said no
   */
  async function answered<T>(door: Door, asked: Promise<T>): Promise<T> {
    try {
      return await asked
    } catch (error) {
      const { message: why, code } = error as Error & { code?: string }
      if (!isAway(error)) throw no(door, code ? `${why} (${code})` : why)
      log.warn({ identity_provider: door.provider_id, why }, 'an identity provider does not answer')
      throw problems.unavailable('The identity provider does not answer; please try again.', 5)
    }
  }

  /** @throws Problem 404 when there is no such protocol, 403 when it is closed, 503 when the provider is away */
  async function open(providerId: string, protocolId: string): Promise<{ door: Door; client: OidcClient }> {
    const door = await store.door(providerId, protocolId)
    if (!door) throw errors.noProtocol(providerId, protocolId)
    const { oidc_issuer: issuer, oidc_client_id: clientId, oidc_client_secret_sealed: sealed } = door
    if (!door.enabled) throw errors.providerDisabled(providerId)
    if (issuer === null || clientId === null) throw errors.providerNotAsked(providerId)
    const clientSecret = sealed ? sealing.unseal(sealName(providerId), sealed).toString() : null
    const { oidc_audiences: audiences, oidc_scope: scope } = door
    const settings = { issuer, clientId, clientSecret, audiences, scope: scope ?? 'openid' }
    return { door, client: await answered(door, clients.client(providerId, settings)) }
  }

  /** @throws Refusal 401 when the mapping makes nobody of them */
  async function prove(door: Door, claims: OidcClaims): Promise<Proof> {
    const assertion = assertionOf(claims)
    if (!isKnownRemote(door, assertion)) throw no(door, 'none of its remote_ids')
    const mapped = door.mapping && evaluate(door.mapping, assertion)
    if (!mapped) throw no(door, `no rule of mapping fits; attributes: ${[...assertion.keys()].join(' ')}`)
    const domainId = mapped.user.domain ? await store.domainId(mapped.user.domain) : door.domain_id
    if (domainId === null) throw no(door, 'the mapping names a domain that is not there')
    const groupIds = mapped.user.type === 'local' ? [] : await store.groupIds(mapped)
    const userId =
      mapped.user.type === 'local'
        ? await localUser(door, mapped, domainId)
        : await shadow(door, assertion, { mapped, domainId, groupIds })
    return {
      userId,
      methods: [door.protocol_id],
      federated: {
        providerId: door.provider_id,
        protocolId: door.protocol_id,
        groupIds,
        local: mapped.user.type === 'local',
        version: door.version,
      },
    }
  }

  async function localUser(door: Door, { user: { id, name } }: Mapped, domainId: string): Promise<string> {
    const found =
      id === undefined && name === undefined ? null : await store.localUserId({ id, name, domainId })
    if (found === null) throw no(door, 'the mapping names a user that is not there')
    return found
  }

  async function shadow(
    door: Door,
    assertion: Assertion,
    { mapped, domainId, groupIds }: { mapped: Mapped; domainId: string; groupIds: string[] },
  ): Promise<string> {
    const { id, name, email } = mapped.user
    const uniqueId = id ?? assertion.get('sub')?.[0]
    if (uniqueId === undefined || uniqueId.length > LONGEST_NAME) throw no(door, 'no id, or too long a one')
    const person = { uniqueId, name: (name ?? uniqueId).slice(0, LONGEST_NAME), email, domainId }
    const projects = await provided(door, mapped)
    const lasting = Math.max(ttlS, (door.authorization_ttl_min ?? 0) * 60)
    const admitted = await store.admit(door, person, { groupIds, projects, ttlS: lasting })
    if ('refused' in admitted) throw no(door, admitted.refused)
    return admitted.id
  }

  /** @throws Refusal 401 when a role or domain is not there: then nothing is made */
  async function provided(door: Door, { projects }: Mapped): Promise<Provided[]> {
    const all: Provided[] = []
    for (const { name, domain, roles } of projects) {
      const within = domain ? await store.domainId(domain) : door.domain_id
      if (within === null) throw no(door, 'the mapping names a domain that is not there')
      const ids = await store.roleIds(roles, within)
      if (ids.size < new Set(roles).size) throw no(door, 'the mapping names a role that is not there')
      all.push({ name, domainId: within, roleIds: [...ids.values()] })
    }
    return all
  }

  return {
    open,
    doorsOf: (protocolId: string) => store.doorsOf(protocolId),

    /** A token for whom the provider vouches when it is asked. */
    enter(asker: Asker, door: Door, ask: () => Promise<OidcClaims>, once?: Once) {
      const proven = async () => {
        // whoever guesses has us ask the provider each time
        guard.admit(asker)
        const told = await answered(door, ask())
        if (once && !(await store.useOnce(once.state, once.until))) throw no(door, 'it was completed before')
        return prove(door, told)
      }
      return tokens.issueFor(asker, proven())
    },

    /** By a token of the provider, in the header Authorization. */
    async byBearer({ request }: Asked, providerId: string, protocolId: string) {
      const { door, client } = await open(providerId, protocolId)
      const [, token] = /^Bearer ([\w.~+/=-]{1,16384})$/i.exec(request.headers.authorization ?? '') ?? []
      return this.enter(askerOf(request), door, async () => {
        if (token === undefined) throw errors.unauthenticated()
        return claimsOfBearer(client, token)
      })
    },
  }
}

export type FederatedLogin = ReturnType<typeof federatedLogin>

/** keystone/federation/utils.py, validate_idp: only where both sides say what to compare. */
function isKnownRemote({ remote_ids, remote_id_attribute }: Door, assertion: Assertion): boolean {
  if (!remote_id_attribute || remote_ids.length === 0) return true
  return assertion.get(remote_id_attribute)?.every(it => remote_ids.includes(it)) ?? false
}
