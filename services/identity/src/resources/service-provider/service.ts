import type { Ctx } from '@caelum/kernel'
import { splitExtra } from '../../collection.ts'
import { errors } from '../../errors.ts'
import type { ChangeServiceProvider, CreateServiceProvider, ListServiceProviders } from './schema.ts'
import type { ServiceProvider, ServiceProviderStore } from './store.ts'

/** keystone/conf/saml.py, relay_state_prefix */
const RELAY_STATE_PREFIX = 'ss:mem:'
const FIELDS = ['auth_url', 'sp_url', 'description', 'enabled'] as const

/** Other clouds that take this one's word; kept for clients. */
export const serviceProviderService = (store: ServiceProviderStore) => ({
  async create(ctx: Ctx, id: string, body: CreateServiceProvider): Promise<ServiceProvider> {
    const made = await store.insert({
      id,
      auth_url: body.auth_url,
      sp_url: body.sp_url,
      enabled: body.enabled ?? false,
      description: body.description ?? null,
      relay_state_prefix: body.relay_state_prefix ?? RELAY_STATE_PREFIX,
      created_at: ctx.clock.now(),
    })
    if (made === 'id-taken') throw errors.nameTaken('service provider', id)
    return made
  },

  list: (_ctx: Ctx, query: ListServiceProviders): Promise<ServiceProvider[]> => store.list(query),

  async get(_ctx: Ctx, id: string): Promise<ServiceProvider> {
    const row = await store.get(id)
    if (!row) throw errors.notFound('service provider', id)
    return row
  },

  async update(_ctx: Ctx, id: string, body: ChangeServiceProvider): Promise<ServiceProvider> {
    const { relay_state_prefix } = body
    const { fields } = splitExtra(body, FIELDS)
    const updated = await store.update(id, {
      ...fields,
      ...(relay_state_prefix === undefined
        ? {}
        : { relay_state_prefix: relay_state_prefix ?? RELAY_STATE_PREFIX }),
    })
    if (updated === 'not-found') throw errors.notFound('service provider', id)
    return updated
  },

  async remove(_ctx: Ctx, id: string): Promise<void> {
    if (!(await store.remove(id))) throw errors.notFound('service provider', id)
  },
})

export type ServiceProviderService = ReturnType<typeof serviceProviderService>
