import { can } from '@caelum/http'
import type { Ctx } from '@caelum/kernel'
import { errors } from './errors.ts'
import { policy } from './policy.ts'

/** Owners see ACLs and everything else of the account. */
export const isOwner = (ctx: Ctx, projectId: string): boolean =>
  can(policy, ctx, 'object-storage:accounts:own', { projectId })

/**
 * The caller may do this as a member or reader of the project, or because `granted` by an ACL. Whether the thing
 * exists is not told to anybody else.
 *
 * @throws Problem 401 without a token, 403 with one
 */
export function requireAccess(
  ctx: Ctx,
  operation: string,
  projectId: string | undefined,
  granted = false,
): void {
  if (granted || (projectId !== undefined && can(policy, ctx, operation, { projectId }))) return
  throw ctx.caller.userId === '' ? errors.unauthorized() : errors.forbidden()
}
