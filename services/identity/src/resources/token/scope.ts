import { z } from 'zod'
import { idText } from '../../collection.ts'
import type { Target } from './store.ts'

const idOrName = z
  .object({ id: idText.optional(), name: idText.optional() })
  .refine(it => it.id !== undefined || it.name !== undefined, 'id or name must be present')

export const Domain = idOrName
export type DomainRef = z.output<typeof Domain>

const Project = z
  .object({ id: idText.optional(), name: idText.optional(), domain: Domain.optional() })
  .refine(it => it.id !== undefined || it.name !== undefined, 'id or name must be present')
  .refine(it => it.id !== undefined || it.domain !== undefined, 'a name needs a domain')
export type ProjectRef = z.output<typeof Project>

/** keystone/auth/schema.py, token_issue: what a token is asked for. */
export const Scope = z.preprocess(
  scope => (scope === 'unscoped' ? { unscoped: {} } : scope),
  z
    .object({
      project: Project.optional(),
      domain: Domain.optional(),
      system: z.object({ all: z.literal(true) }).optional(),
      'OS-TRUST:trust': z.object({ id: idText }).optional(),
      unscoped: z.object({}).optional(),
    })
    .refine(
      it => Object.values(it).filter(value => value !== undefined).length === 1,
      'must be one of project, domain, system, OS-TRUST:trust, unscoped',
    ),
)
export type Scope = z.output<typeof Scope>

/** null: no scope is wanted */
export function targetOf({ project, domain, system }: Scope): Target | null {
  if (project) return { kind: 'project', ref: project }
  if (domain) return { kind: 'domain', ref: domain }
  return system ? { kind: 'system' } : null
}
