import { type Route, route } from '@caelum/http'
import { z } from 'zod'
import { byId, linkTo } from '../../collection.ts'
import { collectionRoutes } from '../../collection-routes.ts'
import { errors } from '../../errors.ts'
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
import { viewParentIds, viewProject, viewSubtreeIds } from './view.ts'

/** keystone/api/projects.py */
export const projectRoutes = (projects: ProjectService): Route[] => [
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
  showProject(projects),
  ...tagRoutes(projects),
]

const showProject = (projects: ProjectService): Route =>
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
      if (asked('parents_as_list') || asked('parents_as_ids')) {
        const parents = await projects.parents(ctx, row)
        view['parents'] = asked('parents_as_ids')
          ? viewParentIds(parents)
          : parents.filter(it => !it.is_domain).map(project => ({ project: viewProject(ctx, project) }))
      }
      if (asked('subtree_as_list') || asked('subtree_as_ids')) {
        const below = await projects.subtree(ctx, row)
        view['subtree'] = asked('subtree_as_ids')
          ? viewSubtreeIds(row.id, below)
          : below.map(project => ({ project: viewProject(ctx, project) }))
      }
      return { project: view }
    },
  })

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
