import { authorize, can, type Target } from '@caelum/http'
import { type Ctx, newHexId } from '@caelum/kernel'
import { isImmutable, mergeExtra, mergeOptions, splitExtra } from '../../collection.ts'
import { errors } from '../../errors.ts'
import { policy } from '../../policy.ts'
import { impliedBy, POWERFUL } from './infer.ts'
import type { ChangeRole, CreateRole, ListRoles, RoleRef } from './schema.ts'
import type { Role, RoleStore } from './store.ts'

const FIELDS = ['name', 'description', 'domain_id', 'options'] as const

/** Keystone's default of `prohibited_implied_role` */
const NEVER_IMPLIED: readonly string[] = ['admin']

export interface Inference {
  prior: Role
  implied: Role[]
}

export const roleService = (store: RoleStore) => ({
  async create(ctx: Ctx, body: CreateRole): Promise<Role> {
    const { fields, extra } = splitExtra(body, FIELDS)
    const made = await store.insert({
      id: newHexId(),
      name: fields.name,
      description: fields.description ?? null,
      domain_id: fields.domain_id ?? '',
      options: mergeOptions({}, fields.options),
      extra,
      created_at: ctx.clock.now(),
    })
    if (made === 'name-taken') throw errors.nameTaken('role', body.name)
    if (made === 'no-domain') throw errors.notFound('domain', fields.domain_id ?? '')
    return made
  },

  list(ctx: Ctx, query: ListRoles): Promise<Role[]> {
    const role = { name: '', domainId: query.domain_id ?? null, powerful: false }
    authorize(policy, ctx, 'identity:roles:list', { role })
    return store.list(query)
  },

  async get(ctx: Ctx, id: string): Promise<Role> {
    if (!can(policy, ctx, 'identity:roles:show', {}))
      authorize(policy, ctx, 'identity:roles:show', { role: await this.target(id) })
    return found(await store.get(id), id)
  },

  /** The roles named, each once: by id, or a global one by name. The rights are looked at by the caller. */
  async refer(refs: readonly RoleRef[]): Promise<Role[]> {
    const rows = await store.referred({
      ids: refs.flatMap(({ id }) => id ?? []),
      names: refs.flatMap(({ name }) => name ?? []),
    })
    const roles = refs.map(({ id, name }) => {
      const role = rows.find(row => (id === undefined ? row.name === name && !row.domain_id : row.id === id))
      return found(role ?? null, id ?? name ?? '')
    })
    return [...new Set(roles)]
  },

  /** What a rule may ask of a role; undefined: there is none. */
  async target(id: string): Promise<Target['role']> {
    const row = await store.get(id)
    if (!row) return undefined
    const all = [row, ...impliedBy(id, await this.inferences())]
    const powerful = all.some(role => role.domain_id === '' && POWERFUL.includes(role.name))
    return { name: row.name, domainId: row.domain_id || null, powerful }
  },

  async update(_ctx: Ctx, id: string, body: ChangeRole): Promise<Role> {
    const { fields, extra } = splitExtra(body, FIELDS)
    const { options, domain_id, ...columns } = fields
    const updated = await store.update(id, row => {
      if (isImmutable(row) && options?.immutable !== false) throw errors.immutable('role', id)
      if (domain_id !== undefined && (domain_id ?? '') !== row.domain_id)
        throw errors.cannotChange('domain_id')
      return { ...columns, options: mergeOptions(row.options, options), extra: mergeExtra(row.extra, extra) }
    })
    if (updated === 'name-taken') throw errors.nameTaken('role', body.name ?? '')
    return found(updated === 'not-found' ? null : updated, id)
  },

  async remove(_ctx: Ctx, id: string): Promise<void> {
    const outcome = await store.remove(id, row => {
      if (isImmutable(row)) throw errors.immutable('role', id)
    })
    if (outcome === 'not-found') throw errors.notFound('role', id)
  },

  /** every role that implies others, or only `priorId`; with what each implies directly */
  async inferences(priorId?: string): Promise<Inference[]> {
    const all = await store.implications()
    const pairs = priorId === undefined ? all : all.filter(pair => pair.prior_id === priorId)
    const rows = await store.roles([...new Set(pairs.flatMap(pair => [pair.prior_id, pair.implied_id]))])
    const byId = new Map(rows.map(row => [row.id, row]))
    return rows.flatMap(prior => {
      const implied = pairs
        .filter(pair => pair.prior_id === prior.id)
        .flatMap(pair => byId.get(pair.implied_id) ?? [])
      return implied.length > 0 ? [{ prior, implied }] : []
    })
  },

  async imply(ctx: Ctx, id: string, impliedId: string): Promise<Inference> {
    const [prior, implied] = [await this.get(ctx, id), await this.get(ctx, impliedId)]
    if (implied.domain_id === '' && NEVER_IMPLIED.includes(implied.name))
      throw errors.notToBeImplied(implied.name)
    if (prior.domain_id === '' && implied.domain_id !== '') throw errors.globalImpliesDomains()
    const outcome = await store.imply(id, impliedId)
    if (outcome === 'circle') throw errors.impliesItself(implied.name)
    if (outcome === 'not-found') throw errors.notFound('role', impliedId)
    return { prior, implied: [implied] }
  },

  async implication(ctx: Ctx, id: string, impliedId: string): Promise<Inference> {
    const [prior, implied] = [await this.get(ctx, id), await this.get(ctx, impliedId)]
    const [inference] = await this.inferences(id)
    if (!inference?.implied.some(role => role.id === impliedId))
      throw errors.notFound('implied role', impliedId)
    return { prior, implied: [implied] }
  },

  async unimply(_ctx: Ctx, id: string, impliedId: string): Promise<void> {
    if (!(await store.unimply(id, impliedId))) throw errors.notFound('implied role', impliedId)
  },
})

export type RoleService = ReturnType<typeof roleService>

function found(row: Role | null, id: string): Role {
  if (!row) throw errors.notFound('role', id)
  return row
}
