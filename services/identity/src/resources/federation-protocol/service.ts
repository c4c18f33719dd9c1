import type { Ctx } from '@caelum/kernel'
import { errors } from '../../errors.ts'
import type { IdentityProviderService } from '../identity-provider/service.ts'
import type { MappingService } from '../mapping/service.ts'
import type { ChangeProtocol, CreateProtocol } from './schema.ts'
import type { FederationProtocol, ProtocolStore, Which } from './store.ts'

interface Around {
  providers: Pick<IdentityProviderService, 'get'>
  mappings: Pick<MappingService, 'mustBe'>
}

export const protocolService = (store: ProtocolStore, { providers, mappings }: Around) => ({
  async create(ctx: Ctx, which: Which, body: CreateProtocol): Promise<FederationProtocol> {
    await mappings.mustBe(body.mapping_id)
    const made = await store.insert({
      id: which.id,
      identity_provider_id: which.providerId,
      mapping_id: body.mapping_id,
      remote_id_attribute: body.remote_id_attribute ?? null,
      created_at: ctx.clock.now(),
    })
    if (made === 'id-taken') throw errors.nameTaken('protocol', which.id)
    if (made === 'no-provider') throw errors.notFound('identity provider', which.providerId)
    return made
  },

  async list(ctx: Ctx, providerId: string): Promise<FederationProtocol[]> {
    await providers.get(ctx, providerId)
    return store.list(providerId)
  },

  async get(_ctx: Ctx, which: Which): Promise<FederationProtocol> {
    const row = await store.get(which)
    if (!row) throw errors.noProtocol(which.providerId, which.id)
    return row
  },

  async update(_ctx: Ctx, which: Which, body: ChangeProtocol): Promise<FederationProtocol> {
    await mappings.mustBe(body.mapping_id)
    const { mapping_id, remote_id_attribute } = body
    const updated = await store.update(which, {
      mapping_id,
      ...(remote_id_attribute === undefined ? {} : { remote_id_attribute }),
    })
    if (updated === 'not-found') throw errors.noProtocol(which.providerId, which.id)
    return updated
  },

  async remove(_ctx: Ctx, which: Which): Promise<void> {
    if (!(await store.remove(which))) throw errors.noProtocol(which.providerId, which.id)
  },
})

export type ProtocolService = ReturnType<typeof protocolService>
