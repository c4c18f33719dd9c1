import { type Route, route } from '@caelum/http'
import { z } from 'zod'
import { byId, linkTo } from '../../collection.ts'
import { collectionRoutes } from '../../collection-routes.ts'
import { errors } from '../../errors.ts'
import type { LimitService } from '../limit/service.ts'
import { ChangeProject, CreateProject, ListProjects, ProjectReply, ProjectTag, Tags } from './schema.ts'
import type { ProjectService } from './service.ts'
import { showProject } from './show-route.ts'
import { viewProject } from './view.ts'

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
