import type { Ctx, Delegation } from '@caelum/kernel'
import { errors } from './errors.ts'

/**
 * Rights that were lent must not make lasting ones: what is made would outlive the loan, and nobody could tell where
 * it came from.
 *
 * @param unless kinds of loan that may
 * @throws Problem 403
 */
export function refuseLent(
  { caller: { delegation } }: Ctx,
  what: string,
  unless: (delegation: Delegation) => boolean = () => false,
): void {
  if (delegation && !unless(delegation)) throw errors.lentRights(what)
}
