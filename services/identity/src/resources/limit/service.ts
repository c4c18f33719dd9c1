import { authorize, can, type Target } from '@caelum/http'
import { type Ctx, newHexId } from '@caelum/kernel'
import { errors } from '../../errors.ts'
import { policy } from '../../policy.ts'
import { MODELS, type ModelName } from './model.ts'
import type { ChangeLimit, CreateLimit, ListLimits } from './schema.ts'
import type { LimitRow, LimitStore, NewLimit, Seen } from './store.ts'

/** keystone/limit/core.py */
export const limitService = (store: LimitStore, model: ModelName) => ({
  model: () => MODELS[model],

  /** @throws Error when the projects there are do not go with the model */
  async checkTree(): Promise<void> {
    if (model === 'strict_two_level' && (await store.hasProjectBelowProject()))
      throw new Error('CAELUM_LIMIT_MODEL strict_two_level does not go with projects below projects')
  },

  /** all of them, or none */
  async create(ctx: Ctx, bodies: readonly CreateLimit[]): Promise<LimitRow[]> {
    return settled(await store.insert(bodies.map(body => newLimit(ctx, body))))
  },

  list: (ctx: Ctx, query: ListLimits): Promise<LimitRow[]> => store.list(query, seenBy(ctx)),

  /** of each of these projects */
  ofProjects: (_ctx: Ctx, ids: string[]): Promise<LimitRow[]> => store.ofProjects(ids),

  async get(ctx: Ctx, id: string): Promise<LimitRow> {
    const row = await store.get(id)
    authorize(policy, ctx, 'identity:limits:show', targetOf(row))
    if (!row) throw errors.notFound('limit', id)
    return row
  },

  async update(_ctx: Ctx, id: string, body: ChangeLimit): Promise<LimitRow> {
    const { resource_limit, description } = body
    const updated = await store.update(id, {
      ...(resource_limit === undefined ? {} : { resource_limit }),
      ...(description === undefined ? {} : { description }),
    })
    if (updated === 'not-found') throw errors.notFound('limit', id)
    return settled(updated)
  },

  async remove(_ctx: Ctx, id: string): Promise<void> {
    if ((await store.remove(id)) === 'not-found') throw errors.notFound('limit', id)
  },
})

export type LimitService = ReturnType<typeof limitService>

function newLimit(ctx: Ctx, body: CreateLimit): NewLimit {
  return {
    id: newHexId(),
    targetId: body.project_id ?? body.domain_id ?? '',
    isDomain: Boolean(body.domain_id),
    serviceId: body.service_id,
    regionId: body.region_id ?? null,
    resourceName: body.resource_name,
    resourceLimit: body.resource_limit,
    description: body.description ?? null,
    createdAt: ctx.clock.now(),
  }
}

const targetOf = (row: LimitRow | null): Target =>
  row?.target.is_domain
    ? { domainId: row.target.id }
    : { domainId: row?.target.domain_id ?? undefined, projectId: row?.target.id }

function seenBy(ctx: Ctx): Seen {
  const { scope } = ctx.caller
  if (can(policy, ctx, 'identity:limits:list', {})) return 'all'
  if (scope.kind === 'project') return { projectId: scope.projectId }
  return { domainId: scope.kind === 'domain' ? scope.domainId : '' }
}

/** @throws Problem that says why not */
function settled<T>(outcome: T | 'taken' | 'not-registered' | 'no-target' | 'breaks-tree'): T {
  if (outcome === 'taken') throw errors.limitTaken('limit')
  if (outcome === 'not-registered') throw errors.notRegistered()
  if (outcome === 'no-target') throw errors.badRequest('There is no such project or domain.')
  if (outcome === 'breaks-tree') throw errors.limitBreaksTree()
  return outcome as T
}
