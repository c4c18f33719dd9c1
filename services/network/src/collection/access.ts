import { authorize } from '@caelum/http'
import { type Ctx, problems, projectOf } from '@caelum/kernel'
import { policy, seesAll } from '../policy.ts'

/** Prisma condition for the rows of the caller's own project; `also` are conditions for what others share. */
export const visibleTo = (ctx: Ctx, ...also: object[]): object => {
  if (seesAll.allows(ctx.caller)) return {}
  const own = { project_id: projectOf(ctx.caller) ?? '' }
  return also.length ? { OR: [own, ...also] } : own
}

/** May the caller know of a row of this project at all? If not, the answer is 404. */
export const isVisible = (ctx: Ctx, projectId: string): boolean =>
  seesAll.allows(ctx.caller) || projectOf(ctx.caller) === projectId

/** @throws Problem 403 when the rule of `operation` does not allow it for that project */
export const mustBeAllowed = (ctx: Ctx, operation: string, projectId: string): void =>
  authorize(policy, ctx, operation, { projectId })

/**
 * The project that a new row belongs to: the one given as `project_id` or `tenant_id`, else the caller's.
 *
 * @throws Problem 400 when there is none or the two differ, 403 when it is somebody else's
 */
export const projectFor = (
  ctx: Ctx,
  operation: string,
  want: { project_id?: string | undefined; tenant_id?: string | undefined },
): string => {
  const given = want.project_id || want.tenant_id || projectOf(ctx.caller)
  if (!given) throw problems.badRequest('The token is not scoped to a project, so project_id must be given.')
  if (want.project_id && want.tenant_id && want.project_id !== want.tenant_id)
    throw problems.badRequest("'project_id' and 'tenant_id' do not match")
  mustBeAllowed(ctx, operation, given)
  return given
}
