import { authorize } from '@caelum/http'
import { type Ctx, newHexId } from '@caelum/kernel'
import { DEFAULT_DOMAIN, isImmutable, mergeExtra, mergeOptions, splitExtra } from '../../collection.ts'
import { errors } from '../../errors.ts'
import { policy } from '../../policy.ts'
import { domainSeen } from '../../rules.ts'
import type { ChangeDomain, CreateDomain, ListDomains } from './schema.ts'
import type { Domain, DomainStore } from './store.ts'

const FIELDS = ['name', 'description', 'enabled', 'tags', 'options'] as const

export const domainService = (store: DomainStore) => ({
  async create(ctx: Ctx, body: CreateDomain): Promise<Domain> {
    authorize(policy, ctx, 'identity:domains:create', {})
    const { explicit_domain_id, ...given } = body
    const { fields, extra } = splitExtra(given, FIELDS)
    const made = await store.insert({
      id: explicit_domain_id ?? newHexId(),
      name: fields.name,
      description: fields.description ?? '',
      enabled: fields.enabled ?? true,
      tags: fields.tags ?? [],
      options: mergeOptions({}, fields.options),
      extra,
      created_at: ctx.clock.now(),
    })
    if (made === 'name-taken') throw errors.nameTaken('domain', body.name)
    return made
  },

  list: (ctx: Ctx, query: ListDomains): Promise<Domain[]> =>
    store.list(query, domainSeen(policy, ctx, 'identity:domains:list')),

  async get(ctx: Ctx, id: string): Promise<Domain> {
    authorize(policy, ctx, 'identity:domains:show', { domainId: id })
    const row = await store.get(id)
    if (!row) throw errors.notFound('domain', id)
    return row
  },

  /** for those whose own rule has allowed them to name it */
  async mustExist(_ctx: Ctx, id: string): Promise<void> {
    if (!(await store.get(id))) throw errors.notFound('domain', id)
  },

  async update(ctx: Ctx, id: string, body: ChangeDomain): Promise<Domain> {
    authorize(policy, ctx, 'identity:domains:update', { domainId: id })
    const { fields, extra } = splitExtra(body, FIELDS)
    const { options, ...columns } = fields
    const updated = await store.update(id, row => {
      if (isImmutable(row) && options?.immutable !== false) throw errors.immutable('domain', id)
      if (id === DEFAULT_DOMAIN && fields.enabled === false) throw errors.defaultDomain()
      return { ...columns, options: mergeOptions(row.options, options), extra: mergeExtra(row.extra, extra) }
    })
    if (updated === 'not-found') throw errors.notFound('domain', id)
    if (updated === 'name-taken') throw errors.nameTaken('domain', body.name ?? '')
    return updated
  },

  async remove(ctx: Ctx, id: string): Promise<void> {
    authorize(policy, ctx, 'identity:domains:delete', { domainId: id })
    const outcome = await store.remove(id, row => {
      if (isImmutable(row)) throw errors.immutable('domain', id)
      if (id === DEFAULT_DOMAIN) throw errors.defaultDomain()
      if (row.enabled) throw errors.domainEnabled()
    })
    if (outcome === 'not-found') throw errors.notFound('domain', id)
  },
})

export type DomainService = ReturnType<typeof domainService>
