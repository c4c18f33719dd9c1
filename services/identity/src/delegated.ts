import type { Ctx } from '@caelum/kernel'
import { errors } from './errors.ts'

/**
 * Rights that were lent must not make lasting ones: what is made would outlive the loan, and nobody could tell where
 * it came from. Only an unrestricted application credential may make others.
 *
 * Mirrors keystone/api/users.py, _block_delegated_token_app_creds and _check_unrestricted_application_credential.
 *
 * @throws Problem 403
 */
export function refuseRestricted({ caller: { delegation } }: Ctx): void {
  if (delegation && !delegation.unrestricted) throw errors.lentRights('application credentials')
}

/** As above, for secrets that no application credential may make. @throws Problem 403 */
export function refuseLent({ caller: { delegation } }: Ctx, what: string): void {
  if (delegation) throw errors.lentRights(what)
}
