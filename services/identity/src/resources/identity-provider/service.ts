import type { Ctx } from '@caelum/kernel'
import { splitExtra } from '../../collection.ts'
import { errors } from '../../errors.ts'
import type { OidcClients } from '../../oidc/client.ts'
import type { Sealing } from '../../signing/seal.ts'
import type { ChangeIdentityProvider, CreateIdentityProvider, ListIdentityProviders, Oidc } from './schema.ts'
import { sealName } from './secret.ts'
import type { IdentityProvider, IdentityProviderStore } from './store.ts'

const FIELDS = ['description', 'enabled'] as const
const NO_OIDC = {
  oidc_issuer: null,
  oidc_client_id: null,
  oidc_client_secret_sealed: null,
  oidc_audiences: [],
  oidc_scope: null,
}

interface Dependencies {
  store: IdentityProviderStore
  sealing: Sealing
  clients: Pick<OidcClients, 'discover'>
}

export const identityProviderService = ({ store, sealing, clients }: Dependencies) => {
  /** @throws Problem 400 when nobody there answers as one */
  async function mustAnswer(oidc: Oidc | null | undefined): Promise<void> {
    if (!oidc) return
    const { issuer, client_id: clientId, client_secret: clientSecret = null, audiences, scope } = oidc
    try {
      await clients.discover({ issuer, clientId, clientSecret, audiences, scope })
    } catch (error) {
      throw errors.notAProvider(issuer, (error as Error).message)
    }
  }

  function oidcOf(id: string, oidc: Oidc | null, before?: IdentityProvider) {
    if (oidc === null) return NO_OIDC
    const { issuer, client_id, client_secret } = oidc
    const same = before?.oidc_issuer === issuer && before.oidc_client_id === client_id
    const kept = same ? before.oidc_client_secret_sealed : null
    return {
      oidc_issuer: issuer,
      oidc_client_id: client_id,
      oidc_client_secret_sealed:
        client_secret === undefined ? kept : sealing.seal(sealName(id), Buffer.from(client_secret)),
      oidc_audiences: oidc.audiences,
      oidc_scope: oidc.scope,
    }
  }

  return {
    async create(ctx: Ctx, id: string, body: CreateIdentityProvider): Promise<IdentityProvider> {
      const { domain_id = null } = body
      await mustAnswer(body.x_oidc)
      const made = await store.insert(
        {
          id,
          enabled: body.enabled ?? false,
          description: body.description ?? null,
          authorization_ttl_min: body.authorization_ttl ?? null,
          ...oidcOf(id, body.x_oidc ?? null),
          created_at: ctx.clock.now(),
        },
        domain_id,
        body.remote_ids ?? [],
      )
      if (made === 'taken') throw errors.providerTaken(id)
      if (made === 'no-domain') throw errors.notFound('domain', domain_id ?? '')
      return made
    },

    list: (_ctx: Ctx, query: ListIdentityProviders): Promise<IdentityProvider[]> => store.list(query),

    async get(_ctx: Ctx, id: string): Promise<IdentityProvider> {
      const row = await store.get(id)
      if (!row) throw errors.notFound('identity provider', id)
      return row
    },

    async update(_ctx: Ctx, id: string, body: ChangeIdentityProvider): Promise<IdentityProvider> {
      const { authorization_ttl, remote_ids, x_oidc } = body
      const { fields } = splitExtra(body, FIELDS)
      await mustAnswer(x_oidc)
      const updated = await store.update(
        id,
        row => ({
          ...fields,
          ...(authorization_ttl === undefined ? {} : { authorization_ttl_min: authorization_ttl }),
          ...(x_oidc === undefined ? {} : oidcOf(id, x_oidc, row)),
        }),
        remote_ids === null ? [] : remote_ids,
      )
      if (updated === 'not-found') throw errors.notFound('identity provider', id)
      if (updated === 'taken') throw errors.providerTaken(id)
      return updated
    },

    async remove(_ctx: Ctx, id: string): Promise<void> {
      if (!(await store.remove(id))) throw errors.notFound('identity provider', id)
    },
  }
}

export type IdentityProviderService = ReturnType<typeof identityProviderService>
