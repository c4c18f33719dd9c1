import { type Route, route } from '@caelum/http'
import type { Ctx } from '@caelum/kernel'
import { byId } from '../../collection.ts'
import { errors } from '../../errors.ts'
import type { LimitService } from '../limit/service.ts'
import { viewLimit } from '../limit/view.ts'
import { ProjectReply, ShowProject } from './schema.ts'
import type { ProjectService } from './service.ts'
import type { Project } from './store.ts'
import { viewParentIds, viewProject, viewSubtreeIds } from './view.ts'

/** keystone/api/projects.py, _expand_project_ref */
export const showProject = (projects: ProjectService, limits: LimitService): Route =>
  route({
    operation: 'identity:projects:show',
    method: 'GET',
    path: '/v3/projects/:id',
    summary: 'Show a project, with what is above or below it if asked',
    params: byId,
    query: ShowProject,
    reply: ProjectReply,
    async handle(ctx, { params, query }) {
      const parents = askedAs(query, 'parents')
      const subtree = askedAs(query, 'subtree')
      const list = (rows: Project[]) =>
        viewList(ctx, { projects, limits, rows, withLimits: query.include_limits !== undefined })
      const row = await projects.get(ctx, params.id)
      const view: Record<string, unknown> = viewProject(ctx, row)
      const above = parents ? await projects.parents(ctx, row) : []
      const below = subtree ? await projects.subtree(ctx, row) : []
      if (parents === 'ids') view['parents'] = viewParentIds(above)
      if (parents === 'list') view['parents'] = await list(above.filter(it => !it.is_domain))
      if (subtree === 'ids') view['subtree'] = viewSubtreeIds(row.id, below)
      if (subtree === 'list') view['subtree'] = await list(below)
      return { project: view }
    },
  })

/** @throws Problem 400 when asked for both */
function askedAs(query: ShowProject, which: 'parents' | 'subtree'): 'list' | 'ids' | null {
  const [list, ids] = [query[`${which}_as_list`], query[`${which}_as_ids`]]
  if (list !== undefined && ids !== undefined)
    throw errors.badRequest(`Use either ${which}_as_list or ${which}_as_ids.`)
  if (list !== undefined) return 'list'
  return ids === undefined ? null : 'ids'
}

interface Listed {
  projects: ProjectService
  limits: LimitService
  rows: Project[]
  withLimits: boolean
}

async function viewList(ctx: Ctx, { projects, limits, rows, withLimits }: Listed) {
  const shown = await projects.visible(ctx, rows)
  if (!withLimits) return shown.map(it => ({ project: viewProject(ctx, it) }))
  const ids = shown.map(it => it.id)
  const found = await limits.ofProjects(ctx, ids)
  return shown.map(it => {
    const own = found.filter(limit => limit.target.id === it.id)
    return { project: { ...viewProject(ctx, it), limits: own.map(limit => viewLimit(ctx, limit)) } }
  })
}
