import { authorize, can, type Target } from '@caelum/http'
import { type Ctx, newHexId } from '@caelum/kernel'
import { domainOf, isImmutable, mergeExtra, mergeOptions, splitExtra } from '../../collection.ts'
import { errors } from '../../errors.ts'
import { policy } from '../../policy.ts'
import { domainSeen } from '../../rules.ts'
import type { AssignmentService } from '../assignment/service.ts'
import type { ChangeDomain } from '../domain/schema.ts'
import type { DomainService } from '../domain/service.ts'
import { type ChangeProject, type CreateProject, type ListProjects, MOST_TAGS } from './schema.ts'
import type { Project, ProjectStore } from './store.ts'

const FIELDS = [
  'name',
  'description',
  'enabled',
  'domain_id',
  'parent_id',
  'is_domain',
  'tags',
  'options',
] as const
interface Around {
  domains: DomainService
  assignments: AssignmentService
  /** projects one below the other, the domain not counted */
  deepest: number
}

/** A project that acts as a domain is a domain: what changes it goes the domain's way. */
export const projectService = (store: ProjectStore, { domains, assignments, deepest }: Around) => ({
  async create(ctx: Ctx, body: CreateProject): Promise<Project> {
    const { fields, extra } = splitExtra(body, FIELDS)
    if (fields.is_domain) return domains.create(ctx, { ...asDomain(body), name: fields.name })
    const parentId = fields.parent_id ?? fields.domain_id ?? domainOf(ctx)
    authorize(policy, ctx, 'identity:projects:create', { domainId: await store.domainBelow(parentId) })
    const domainIn = (parents: Project[]): string => {
      const domain = parents.at(-1)
      if (!domain) throw errors.notFound('project', parentId)
      if (fields.domain_id && fields.domain_id !== domain.id) throw errors.parentElsewhere()
      if (parents.some(parent => !parent.enabled)) throw errors.parentDisabled(body.name)
      if (parents.length > deepest) throw errors.tooDeep(deepest)
      return domain.id
    }
    const made = await store.insert(
      {
        id: newHexId(),
        name: fields.name,
        description: fields.description === undefined ? '' : fields.description,
        enabled: fields.enabled ?? true,
        parent_id: parentId,
        tags: fields.tags ?? [],
        options: mergeOptions({}, fields.options),
        extra,
        created_at: ctx.clock.now(),
      },
      domainIn,
    )
    if (made === 'name-taken') throw errors.nameTaken('project', body.name)
    return made
  },

  list: (ctx: Ctx, query: ListProjects): Promise<Project[]> =>
    store.list(query, domainSeen(policy, ctx, 'identity:projects:list')),

  async get(ctx: Ctx, id: string): Promise<Project> {
    return this.seen(ctx, 'identity:projects:show', id)
  },

  /** @throws Problem 403 when the rule of the operation does not allow to see it, 404 when there is none */
  async seen(ctx: Ctx, operation: string, id: string): Promise<Project> {
    const row = await store.get(id)
    authorize(policy, ctx, operation, { ...targetOf(row), projectId: id })
    return found(row, id)
  },

  /** for those whose own rule has allowed them to name it */
  async mustExist(_ctx: Ctx, id: string): Promise<void> {
    found(await store.get(id), id)
  },

  parents: (_ctx: Ctx, row: Project): Promise<Project[]> => store.parents(row),
  subtree: (_ctx: Ctx, row: Project): Promise<Project[]> => store.subtree(row.id),

  /** Those of them whom the caller may see, or has a role on: keystone/resource/core.py, _filter_projects_list. */
  async visible(ctx: Ctx, rows: Project[]): Promise<Project[]> {
    if (rows.every(row => can(policy, ctx, 'identity:projects:show', targetOf(row)))) return rows
    const own = new Set((await assignments.allProjects(ctx)).map(row => row.id))
    return rows.filter(row => own.has(row.id) || can(policy, ctx, 'identity:projects:show', targetOf(row)))
  },

  async update(ctx: Ctx, id: string, body: ChangeProject): Promise<Project> {
    const before = await store.get(id)
    if (before?.is_domain) return domains.update(ctx, id, asDomain(body))
    authorize(policy, ctx, 'identity:projects:update', targetOf(before))
    const { fields, extra } = splitExtra(body, FIELDS)
    const { options, domain_id, parent_id, is_domain, ...columns } = fields
    const updated = await store.update(id, (row, around) => {
      if (isImmutable(row) && options?.immutable !== false) throw errors.immutable('project', id)
      if (domain_id !== undefined && domain_id !== row.domain_id) throw errors.cannotChange('domain_id')
      if (parent_id !== undefined && parent_id !== row.parent_id) throw errors.cannotChange('parent_id')
      if (is_domain !== undefined && is_domain !== row.is_domain) throw errors.cannotChange('is_domain')
      if (row.enabled && columns.enabled === false && around.enabledBelow) throw errors.childEnabled(id)
      if (!row.enabled && columns.enabled === true && !around.parentEnabled) throw errors.parentDisabled(id)
      return { ...columns, options: mergeOptions(row.options, options), extra: mergeExtra(row.extra, extra) }
    })
    if (updated === 'name-taken') throw errors.nameTaken('project', body.name ?? '')
    return found(updated === 'not-found' ? null : updated, id)
  },

  async remove(ctx: Ctx, id: string): Promise<void> {
    const before = await store.get(id)
    if (before?.is_domain) return domains.remove(ctx, id)
    authorize(policy, ctx, 'identity:projects:delete', targetOf(before))
    const outcome = await store.remove(id, row => {
      if (isImmutable(row)) throw errors.immutable('project', id)
    })
    if (outcome === 'has-children') throw errors.hasChildren(id)
    if (outcome === 'not-found') throw errors.notFound('project', id)
  },

  /** @param change from the tags as they are under lock to those that shall be */
  async retag(
    ctx: Ctx,
    operation: string,
    id: string,
    change: (tags: readonly string[]) => string[],
  ): Promise<string[]> {
    authorize(policy, ctx, operation, targetOf(await store.get(id)))
    const updated = await store.update(id, row => {
      if (isImmutable(row)) throw errors.immutable('project', id)
      const tags = change(row.tags)
      if (tags.length > MOST_TAGS) throw errors.badRequest(`A project may have ${MOST_TAGS} tags at most.`)
      return { tags }
    })
    return found(typeof updated === 'string' ? null : updated, id).tags
  },
})

export type ProjectService = ReturnType<typeof projectService>

const targetOf = (row: Project | null): Target => ({
  projectId: row?.id,
  domainId: row?.domain_id ?? undefined,
})

/** @throws Problem 400 when it is to be in a domain or below a project */
function asDomain(body: ChangeProject): ChangeDomain {
  const { domain_id, parent_id, is_domain, ...rest } = body
  if (domain_id || parent_id) throw errors.badRequest('A domain is in no domain and below no project.')
  if (is_domain === false) throw errors.cannotChange('is_domain')
  return rest
}

function found(row: Project | null, id: string): Project {
  if (!row) throw errors.notFound('project', id)
  return row
}
