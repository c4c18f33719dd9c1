import { type Route, route } from '@caelum/http'
import { z } from 'zod'
import { byId, linkTo, viewPage } from '../../collection.ts'
import { collectionRoutes } from '../../collection-routes.ts'
import { viewEndpoint } from '../endpoint/view.ts'
import { viewProject } from '../project/view.ts'
import {
  ChangeEndpointGroup,
  CreateEndpointGroup,
  EndpointGroupReply,
  EndpointInProject,
  GroupInProject,
  ListEndpointGroups,
} from './schema.ts'
import type { EndpointGroupService } from './service.ts'
import { viewEndpointGroup } from './view.ts'

/** keystone/api/os_ep_filter.py */
export const endpointGroupRoutes = (groups: EndpointGroupService): Route[] => [
  ...collectionRoutes({
    many: 'endpoint_groups',
    one: 'endpoint_group',
    at: 'OS-EP-FILTER/endpoint_groups',
    create: z.object({ endpoint_group: CreateEndpointGroup }),
    change: z.object({ endpoint_group: ChangeEndpointGroup }),
    query: ListEndpointGroups,
    reply: EndpointGroupReply,
    service: groups,
    view: viewEndpointGroup,
  }),
  ...groupRoutes(groups),
  ...projectRoutes(groups),
]

const groupRoutes = (groups: EndpointGroupService): Route[] => [
  route({
    operation: 'identity:endpoint_groups:endpoints',
    method: 'GET',
    path: '/v3/OS-EP-FILTER/endpoint_groups/:id/endpoints',
    summary: 'List the endpoints of an endpoint group',
    params: byId,
    async handle(ctx, { params, request }) {
      const rows = await groups.endpoints(ctx, params.id)
      return viewPage(ctx, request, { name: 'endpoints', rows }, viewEndpoint)
    },
  }),
  route({
    operation: 'identity:endpoint_groups:projects:list',
    method: 'GET',
    path: '/v3/OS-EP-FILTER/endpoint_groups/:id/projects',
    summary: 'List the projects that an endpoint group is for',
    params: byId,
    async handle(ctx, { params, request }) {
      const rows = await groups.projects(ctx, params.id)
      return viewPage(ctx, request, { name: 'projects', rows }, viewProject)
    },
  }),
  route({
    operation: 'identity:endpoint_groups:projects:add',
    method: 'PUT',
    path: '/v3/OS-EP-FILTER/endpoint_groups/:id/projects/:project_id',
    summary: 'Let an endpoint group be for a project',
    params: GroupInProject,
    status: 204,
    handle: (ctx, { params }) => groups.addProject(ctx, params.id, params.project_id),
  }),
  route({
    operation: 'identity:endpoint_groups:projects:check',
    method: 'GET',
    path: '/v3/OS-EP-FILTER/endpoint_groups/:id/projects/:project_id',
    summary: 'Is the endpoint group for the project?',
    params: GroupInProject,
    async handle(ctx, { params }) {
      await groups.checkProject(ctx, params.id, params.project_id)
      const path = `OS-EP-FILTER/endpoint_groups/${params.id}/projects/${params.project_id}`
      return {
        project_endpoint_group: {
          endpoint_group_id: params.id,
          project_id: params.project_id,
          links: linkTo(ctx, path),
        },
      }
    },
  }),
  route({
    operation: 'identity:endpoint_groups:projects:remove',
    method: 'DELETE',
    path: '/v3/OS-EP-FILTER/endpoint_groups/:id/projects/:project_id',
    summary: 'Let an endpoint group be for a project no more',
    params: GroupInProject,
    status: 204,
    handle: (ctx, { params }) => groups.removeProject(ctx, params.id, params.project_id),
  }),
]

const projectRoutes = (groups: EndpointGroupService): Route[] => [
  route({
    operation: 'identity:projects:endpoint_groups',
    method: 'GET',
    path: '/v3/OS-EP-FILTER/projects/:id/endpoint_groups',
    summary: 'List the endpoint groups for a project',
    params: byId,
    async handle(ctx, { params, request }) {
      const rows = await groups.ofProject(ctx, params.id)
      return viewPage(ctx, request, { name: 'endpoint_groups', rows }, viewEndpointGroup)
    },
  }),
  route({
    operation: 'identity:endpoints:projects',
    method: 'GET',
    path: '/v3/OS-EP-FILTER/endpoints/:id/projects',
    summary: 'List the projects that an endpoint is for',
    params: byId,
    async handle(ctx, { params, request }) {
      const rows = await groups.projectsOfEndpoint(ctx, params.id)
      return viewPage(ctx, request, { name: 'projects', rows }, viewProject)
    },
  }),
  route({
    operation: 'identity:projects:endpoints:list',
    method: 'GET',
    path: '/v3/OS-EP-FILTER/projects/:id/endpoints',
    summary: 'List the endpoints for a project, by groups too',
    params: byId,
    async handle(ctx, { params, request }) {
      const rows = await groups.endpointsOfProject(ctx, params.id)
      return viewPage(ctx, request, { name: 'endpoints', rows }, viewEndpoint)
    },
  }),
  route({
    operation: 'identity:projects:endpoints:add',
    method: 'PUT',
    path: '/v3/OS-EP-FILTER/projects/:id/endpoints/:endpoint_id',
    summary: 'Let an endpoint be for a project',
    params: EndpointInProject,
    status: 204,
    handle: (ctx, { params }) => groups.addEndpoint(ctx, params.id, params.endpoint_id),
  }),
  route({
    operation: 'identity:projects:endpoints:check',
    method: 'GET',
    path: '/v3/OS-EP-FILTER/projects/:id/endpoints/:endpoint_id',
    summary: 'Is the endpoint for the project?',
    params: EndpointInProject,
    status: 204,
    handle: (ctx, { params }) => groups.checkEndpoint(ctx, params.id, params.endpoint_id),
  }),
  route({
    operation: 'identity:projects:endpoints:remove',
    method: 'DELETE',
    path: '/v3/OS-EP-FILTER/projects/:id/endpoints/:endpoint_id',
    summary: 'Let an endpoint be for a project no more',
    params: EndpointInProject,
    status: 204,
    handle: (ctx, { params }) => groups.removeEndpoint(ctx, params.id, params.endpoint_id),
  }),
]
