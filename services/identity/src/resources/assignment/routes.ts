import { type Route, route } from '@caelum/http'
import type { Ctx } from '@caelum/kernel'
import { byId, linkTo, viewPage } from '../../collection.ts'
import { viewDomain } from '../domain/view.ts'
import { viewProject } from '../project/view.ts'
import { viewRole } from '../role/view.ts'
import { GrantPlace, ListAssignments, ListScopes, OneGrant } from './schema.ts'
import type { AssignmentService } from './service.ts'
import type { Place } from './store.ts'
import { viewAssignment } from './view.ts'

export const assignmentRoutes = (assignments: AssignmentService): Route[] => [
  ...GRANTS.flatMap(grant => grantRoutes(assignments, grant)),
  route({
    operation: 'identity:role_assignments:list',
    method: 'GET',
    path: '/v3/role_assignments',
    summary: 'List who has which role on what',
    query: ListAssignments,
    async handle(ctx, { query }) {
      const rows = await assignments.list(ctx, query)
      return {
        role_assignments: rows.map(row => viewAssignment(ctx, row, query.include_names === true)),
        links: { next: null, previous: null, ...linkTo(ctx, 'role_assignments') },
      }
    },
  }),
  route({
    operation: 'identity:users:projects',
    method: 'GET',
    path: '/v3/users/:id/projects',
    summary: 'List the projects where a user has a role',
    params: byId,
    query: ListScopes,
    async handle(ctx, { params, query, request }) {
      const rows = await assignments.projects(ctx, params.id, query)
      return viewPage(ctx, request, { name: 'projects', rows, limit: query.limit }, viewProject)
    },
  }),
  ...scopeRoutes(assignments),
]

/** keystone/api/auth.py: what the caller could scope a token to. The first two have an older place too. */
const scopeRoutes = (assignments: AssignmentService): Route[] => [
  ...['auth', 'OS-FEDERATION'].flatMap(place => [
    route({
      operation: 'identity:auth:projects',
      method: 'GET',
      path: `/v3/${place}/projects`,
      summary: 'List the projects one can have a token for',
      async handle(ctx, { request }) {
        const rows = await assignments.ownProjects(ctx)
        return viewPage(ctx, request, { name: 'projects', rows }, viewProject)
      },
    }),
    route({
      operation: 'identity:auth:domains',
      method: 'GET',
      path: `/v3/${place}/domains`,
      summary: 'List the domains one can have a token for',
      async handle(ctx, { request }) {
        const rows = await assignments.ownDomains(ctx)
        return viewPage(ctx, request, { name: 'domains', rows }, viewDomain)
      },
    }),
  ]),
  route({
    operation: 'identity:auth:system',
    method: 'GET',
    path: '/v3/auth/system',
    summary: 'Whether one can have a token for the system',
    async handle(ctx) {
      const system = await assignments.onSystem(ctx)
      return { system: system ? [{ all: true }] : [], links: linkTo(ctx, 'auth/system') }
    },
  }),
]

interface GrantKind {
  target: 'project' | 'domain' | 'system'
  actor: 'user' | 'group'
  inherited: boolean
}

/** keystone/api/projects.py, domains.py, system.py, os_inherit.py: the same four verbs in ten places. */
const GRANTS: readonly GrantKind[] = (['user', 'group'] as const).flatMap(actor => [
  ...(['project', 'domain', 'system'] as const).map(target => ({ target, actor, inherited: false })),
  ...(['project', 'domain'] as const).map(target => ({ target, actor, inherited: true })),
])

function grantRoutes(assignments: AssignmentService, { target, actor, inherited }: GrantKind): Route[] {
  const place = ({
    target_id = '',
    actor_id,
  }: {
    target_id?: string | undefined
    actor_id: string
  }): Place => ({
    actor: { kind: actor, id: actor_id },
    target: target === 'system' ? { kind: target } : { kind: target, id: target_id },
    inherited,
  })
  const grants = target === 'system' ? 'identity:system_grants' : 'identity:grants'
  const prefix = inherited ? '/v3/OS-INHERIT' : '/v3'
  const where = target === 'system' ? '/system' : `/${target}s/:target_id`
  const all = `${prefix}${where}/${actor}s/:actor_id/roles${inherited ? '/inherited_to_projects' : ''}`
  const one = `${prefix}${where}/${actor}s/:actor_id/roles/:role_id${inherited ? '/inherited_to_projects' : ''}`
  const words = `a ${actor} on ${target === 'system' ? 'the system' : `a ${target}`}${inherited ? ', for the projects below it' : ''}`
  const check = (
    ctx: Ctx,
    { params }: { params: { target_id?: string | undefined; actor_id: string; role_id: string } },
  ) => assignments.check(ctx, place(params), params.role_id)
  return [
    route({
      operation: `${grants}:list`,
      method: 'GET',
      path: all,
      summary: `List the roles of ${words}`,
      params: GrantPlace,
      async handle(ctx, { params, request }) {
        const rows = await assignments.roles(ctx, place(params))
        return viewPage(ctx, request, { name: 'roles', rows }, viewRole)
      },
    }),
    route({
      operation: `${grants}:create`,
      method: 'PUT',
      path: one,
      summary: `Give a role to ${words}`,
      params: OneGrant,
      status: 204,
      handle: (ctx, { params }) => assignments.grant(ctx, place(params), params.role_id),
    }),
    route({
      operation: `${grants}:check`,
      method: 'GET',
      path: one,
      summary: `Has this role been given to ${words}?`,
      params: OneGrant,
      status: 204,
      handle: check,
    }),
    route({
      operation: `${grants}:delete`,
      method: 'DELETE',
      path: one,
      summary: `Take a role from ${words}`,
      params: OneGrant,
      status: 204,
      handle: (ctx, { params }) => assignments.revoke(ctx, place(params), params.role_id),
    }),
  ]
}
