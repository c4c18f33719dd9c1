import { authorize, can } from '@caelum/http'
import type { Ctx } from '@caelum/kernel'
import { errors } from '../../errors.ts'
import { policy } from '../../policy.ts'
import { domainSeen } from '../../rules.ts'
import { impliedBy } from '../role/infer.ts'
import type { RoleService } from '../role/service.ts'
import type { ListAssignments, ListScopes } from './schema.ts'
import type { AssignmentFilter, AssignmentStore, AssignmentView, Place, Project, Role } from './store.ts'

/** An effective assignment, and the role assigned when this one is only implied by it. */
export interface EffectiveAssignment extends AssignmentView {
  prior_role_id?: string
}

export const assignmentService = (store: AssignmentStore, roles: RoleService) => {
  /** The domains and the role are looked up for those whose rule asks for them. */
  async function allow(ctx: Ctx, verb: string, { target, actor }: Place, roleId?: string): Promise<void> {
    if (target.kind === 'system') return authorize(policy, ctx, `identity:system_grants:${verb}`, {})
    const operation = `identity:grants:${verb}`
    if (can(policy, ctx, operation, {})) return
    authorize(policy, ctx, operation, {
      domainId: await store.domainOfTarget(target),
      actorDomainId: await store.domainOfActor(actor),
      role: roleId === undefined ? undefined : await roles.target(roleId),
    })
  }

  async function mustExist(place: Place): Promise<void> {
    if (place.target.kind !== 'system' && !(await store.domainOfTarget(place.target)))
      throw errors.notFound(place.target.kind, place.target.id)
    if (!(await store.domainOfActor(place.actor))) throw errors.notFound(place.actor.kind, place.actor.id)
  }

  /** A role of a domain is for that domain and what is in it. */
  async function mustBeOfDomain(target: Place['target'], roleId: string, domainId: string): Promise<void> {
    if (target.kind === 'system') throw errors.roleOnSystem(roleId)
    if ((await store.domainOfTarget(target)) !== domainId)
      throw errors.roleOfOtherDomain(target.kind, target.id, roleId)
  }

  return {
    async grant(ctx: Ctx, place: Place, roleId: string): Promise<void> {
      await allow(ctx, 'create', place, roleId)
      await mustExist(place)
      const role = await roles.target(roleId)
      if (!role) throw errors.notFound('role', roleId)
      if (role.domainId !== null) await mustBeOfDomain(place.target, roleId, role.domainId)
      if ((await store.grant(place, roleId)) === 'not-found') throw errors.notFound('role', roleId)
    },

    async check(ctx: Ctx, place: Place, roleId: string): Promise<void> {
      await allow(ctx, 'check', place, roleId)
      if (!(await store.has(place, roleId))) throw errors.notFound('role assignment', roleId)
    },

    async revoke(ctx: Ctx, place: Place, roleId: string): Promise<void> {
      await allow(ctx, 'delete', place, roleId)
      if (!(await store.remove(place, roleId))) throw errors.notFound('role assignment', roleId)
    },

    async roles(ctx: Ctx, place: Place): Promise<Role[]> {
      await allow(ctx, 'list', place)
      await mustExist(place)
      return store.roles(place)
    },

    /** Of a domain's people: what is assigned on it and in it. */
    async list(ctx: Ctx, query: ListAssignments): Promise<EffectiveAssignment[]> {
      const filter = { ...filterOf(query), within: domainSeen(policy, ctx, 'identity:role_assignments:list') }
      if (!query.effective) return store.list(filter)
      const { roleId, ...others } = filter
      const inferences = await roles.inferences()
      const rows = await store.listEffective(others)
      const all = rows.flatMap(row => [
        row,
        ...impliedBy(row.role.id, inferences).map(role => ({
          ...row,
          role: { id: role.id, name: role.name, domain_id: role.domain_id || null, domain_name: null },
          prior_role_id: row.role.id,
        })),
      ])
      return all.filter(row => !row.role.domain_id && (roleId === undefined || row.role.id === roleId))
    },

    async projects(ctx: Ctx, userId: string, query: ListScopes): Promise<Project[]> {
      const domainId = await store.domainOfActor({ kind: 'user', id: userId })
      authorize(policy, ctx, 'identity:users:projects', { userId, domainId })
      const seesAll = can(policy, ctx, 'identity:users:projects', { userId })
      return store.projectsWhere(userId, query, seesAll ? undefined : domainId)
    },

    /**
     * ids of the roles a user has in effect there, those of a domain too; the rights are looked at by the caller.
     *
     * @param projectId null: on the system
     */
    async rolesHeld(userId: string, projectId: string | null): Promise<Set<string>> {
      const inferences = await roles.inferences()
      const place = projectId === null ? { system: true } : { targetId: projectId }
      const rows = await store.listEffective({ userId, ...place })
      return new Set(
        rows.flatMap(({ role }) => [role.id, ...impliedBy(role.id, inferences).map(implied => implied.id)]),
      )
    },

    /** Has the actor a right that its domain cannot give? Asked for a domain's people only. */
    isPowerful: async ({ caller }: Ctx, actor: Place['actor']): Promise<boolean> =>
      caller.scope.kind === 'domain' && (await store.isPowerful(actor)),

    /** Where the caller has a role, enabled or not; lent rights show none. */
    allProjects: async ({ caller: { userId, delegation } }: Ctx): Promise<Project[]> =>
      delegation ? [] : store.projects(userId),

    /** Where the caller could have a token for; by lent rights only where the token is for. */
    async ownProjects({ caller: { userId, scope, delegation } }: Ctx): Promise<Project[]> {
      const projectId = scope.kind === 'project' ? scope.projectId : ''
      const rows = delegation ? [await store.project(projectId)] : await store.projects(userId)
      return rows.flatMap(row => (row?.enabled ? row : []))
    },
    async ownDomains({ caller: { userId, delegation } }: Ctx): Promise<Project[]> {
      return delegation ? [] : (await store.domains(userId)).filter(row => row.enabled)
    },
    async onSystem({ caller: { userId, scope, delegation } }: Ctx): Promise<boolean> {
      return delegation ? scope.kind === 'system' : store.hasSystemRole(userId)
    },
  }
}

export type AssignmentService = ReturnType<typeof assignmentService>

/** keystone/api/role_assignments.py: which filters exclude each other. */
function filterOf(query: ListAssignments): AssignmentFilter {
  const projectId = query['scope.project.id']
  const domainId = query['scope.domain.id']
  const system = query['scope.system'] !== undefined
  const inheritedTo = query['scope.OS-INHERIT:inherited_to']
  if ([projectId, domainId, system || undefined].filter(it => it !== undefined).length > 1)
    throw errors.badRequest('Specify one of a project, a domain and the system.')
  if (query['user.id'] && query['group.id']) throw errors.badRequest('Specify a user or group, not both.')
  if (query.effective && query['group.id'])
    throw errors.badRequest('Combining effective and group filter will always result in an empty list.')
  if (query.effective && inheritedTo && domainId)
    throw errors.badRequest(
      'Combining effective, domain and inherited filters will always result in an empty list.',
    )
  if (query.include_subtree && !projectId)
    throw errors.badRequest('scope.project.id must be specified if include_subtree is also specified.')
  return {
    userId: query['user.id'],
    groupId: query['group.id'],
    roleId: query['role.id'],
    targetId: projectId ?? domainId,
    subtree: query.include_subtree ?? false,
    system,
    inherited: inheritedTo === undefined ? undefined : inheritedTo === 'projects',
  }
}
