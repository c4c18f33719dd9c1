import { z } from 'zod'
import { page } from '../../collection.ts'

export const METHODS = ['DELETE', 'GET', 'HEAD', 'PATCH', 'POST', 'PUT'] as const

/** keystone/application_credential/schema.py */
export const AccessRuleFields = z.strictObject({
  service: z.string().min(1).max(64),
  method: z.enum(METHODS),
  path: z.string().min(1).max(255).startsWith('/'),
})
export type AccessRuleFields = z.output<typeof AccessRuleFields>

const text = z.string().max(255).optional()
export const ListAccessRules = z.object({ service: text, method: text, path: text, ...page })
export type ListAccessRules = z.output<typeof ListAccessRules>

export const AccessRuleReply = z.object({
  access_rule: z.object({ id: z.string(), service: z.string(), method: z.string(), path: z.string() }),
})
