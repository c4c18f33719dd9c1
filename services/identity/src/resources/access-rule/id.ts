import { childId, hex } from '@caelum/kernel'
import type { AccessRuleFields } from './schema.ts'

/** Follows from what the rule says, so that tokens need not carry it. */
export const accessRuleId = (
  userId: string,
  { service, method, path }: Record<keyof AccessRuleFields, string>,
): string => hex(childId(userId, `access-rule ${userId} ${service} ${method} ${path}`))
