import { z } from 'zod'
import { idText, page } from '../../collection.ts'

const Time = z
  .string()
  .max(64)
  .transform((text, context) => {
    const at = new Date(text)
    if (!Number.isNaN(at.getTime())) return at
    context.addIssue({ code: 'custom', message: 'must be a time, as in 2026-01-31T12:00:00Z' })
    return z.NEVER
  })

export const ListAudit = z.object({
  /** who did it */
  actor_id: idText.optional(),
  operation: z.string().max(255).optional(),
  outcome: z.enum(['done', 'refused']).optional(),
  /** what it was done to: a path below /v3/, or the beginning of one */
  target: z.string().min(1).max(1_000).optional(),
  domain_id: idText.optional(),
  address: z.string().max(64).optional(),
  request_id: idText.optional(),
  since: Time.optional(),
  until: Time.optional(),
  ...page,
})
export type ListAudit = z.output<typeof ListAudit>

export const AuditReply = z.object({
  audit: z.array(
    z.object({
      id: z.string(),
      at: z.string(),
      operation: z.string(),
      outcome: z.enum(['done', 'refused']),
      target: z.string(),
    }),
  ),
})
