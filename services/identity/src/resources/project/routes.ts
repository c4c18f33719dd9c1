import { type Route, route } from '@caelum/http'
import { z } from 'zod'
import { byId, linkTo } from '../../collection.ts'
import { collectionRoutes } from '../../collection-routes.ts'
import { errors } from '../../errors.ts'
import type { LimitService } from '../limit/service.ts'
import type { LimitRow } from '../limit/store.ts'
import { viewLimit } from '../limit/view.ts'
import {
  ChangeProject,
  CreateProject,
  ListProjects,
  ProjectReply,
  ProjectTag,
  ShowProject,
  Tags,
} from './schema.ts'
import type { ProjectService } from './service.ts'
import type { Project } from './store.ts'
import { viewParentIds, viewProject, viewSubtreeIds } from './view.ts'

/** keystone/api/projects.py */
export const projectRoutes = (projects: ProjectService, limits: LimitService): Route[] => [
  ...collectionRoutes({
    many: 'projects',
    one: 'project',
    create: z.object({ project: CreateProject }),
    change: z.object({ project: ChangeProject }),
    query: ListProjects,
    reply: ProjectReply,
    service: projects,
    view: viewProject,
  }).filter(it => it.operation !== 'identity:projects:show'),
  showProject(projects, limits),
  ...tagRoutes(projects),
]

const showProject = (projects: ProjectService, limits: LimitService): Route =>
  route({
    operation: 'identity:projects:show',
    method: 'GET',
    path: '/v3/projects/:id',
    summary: 'Show a project, with what is above or below it if asked',
    params: byId,
    query: ShowProject,
    reply: ProjectReply,
    async handle(ctx, { params, query }) {
      const asked = (name: keyof typeof query) => query[name] !== undefined
      if (asked('parents_as_list') && asked('parents_as_ids'))
        throw errors.badRequest('Use either parents_as_list or parents_as_ids.')
      if (asked('subtree_as_list') && asked('subtree_as_ids'))
        throw errors.badRequest('Use either subtree_as_list or subtree_as_ids.')
      const row = await projects.get(ctx, params.id)
      const view: Record<string, unknown> = viewProject(ctx, row)
      const list = async (rows: Project[]) => {
        const shown = await projects.visible(ctx, rows)
        const found = asked('include_limits')
          ? await limits.ofProjects(
              ctx,
              shown.map(it => it.id),
            )
          : []
        return shown.map(it => ({
          project: asked('include_limits')
            ? { ...viewProject(ctx, it), limits: found.filter(of(it)).map(limit => viewLimit(ctx, limit)) }
            : viewProject(ctx, it),
        }))
      }
      if (asked('parents_as_list') || asked('parents_as_ids')) {
        const parents = await projects.parents(ctx, row)
        view['parents'] = asked('parents_as_ids')
          ? viewParentIds(parents)
          : await list(parents.filter(it => !it.is_domain))
      }
      if (asked('subtree_as_list') || asked('subtree_as_ids')) {
        const below = await projects.subtree(ctx, row)
        view['subtree'] = asked('subtree_as_ids') ? viewSubtreeIds(row.id, below) : await list(below)
      }
      return { project: view }
    },
  })

const of = (project: Project) => (limit: LimitRow) => limit.target.id === project.id

const tagRoutes = (projects: ProjectService): Route[] => [
  route({
    operation: 'identity:projects:tags:list',
    method: 'GET',
    path: '/v3/projects/:id/tags',
    summary: 'List the tags of a project',
    params: byId,
    async handle(ctx, { params }) {
      const { tags } = await projects.seen(ctx, 'identity:projects:tags:list', params.id)
      return { tags, links: { next: null, previous: null, ...linkTo(ctx, `projects/${params.id}/tags`) } }
    },
  }),
  route({
    operation: 'identity:projects:tags:replace',
    method: 'PUT',
    path: '/v3/projects/:id/tags',
    summary: 'Replace the tags of a project',
    params: byId,
    body: z.strictObject({ tags: Tags }),
    async handle(ctx, { params, body }) {
      const tags = await projects.retag(ctx, 'identity:projects:tags:replace', params.id, () => body.tags)
      return { tags, links: { next: null, previous: null, ...linkTo(ctx, `projects/${params.id}/tags`) } }
    },
  }),
  route({
    operation: 'identity:projects:tags:clear',
    method: 'DELETE',
    path: '/v3/projects/:id/tags',
    summary: 'Remove every tag of a project',
    params: byId,
    status: 204,
    async handle(ctx, { params }) {
      await projects.retag(ctx, 'identity:projects:tags:clear', params.id, () => [])
    },
  }),
  route({
    operation: 'identity:projects:tags:check',
    method: 'GET',
    path: '/v3/projects/:id/tags/:tag',
    summary: 'Has the project this tag?',
    params: ProjectTag,
    status: 204,
    async handle(ctx, { params }) {
      const { tags } = await projects.seen(ctx, 'identity:projects:tags:check', params.id)
      if (!tags.includes(params.tag)) throw errors.notFound('project tag', params.tag)
    },
  }),
  route({
    operation: 'identity:projects:tags:add',
    method: 'PUT',
    path: '/v3/projects/:id/tags/:tag',
    summary: 'Add a tag to a project',
    params: ProjectTag,
    status: 201,
    async handle(ctx, { params }) {
      await projects.retag(ctx, 'identity:projects:tags:add', params.id, tags => [
        ...new Set([...tags, params.tag]),
      ])
    },
  }),
  route({
    operation: 'identity:projects:tags:remove',
    method: 'DELETE',
    path: '/v3/projects/:id/tags/:tag',
    summary: 'Remove a tag from a project',
    params: ProjectTag,
    status: 204,
    async handle(ctx, { params }) {
      await projects.retag(ctx, 'identity:projects:tags:remove', params.id, tags => {
        if (!tags.includes(params.tag)) throw errors.notFound('project tag', params.tag)
        return tags.filter(tag => tag !== params.tag)
      })
    },
  }),
]
