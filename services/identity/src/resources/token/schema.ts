import { z } from 'zod'
import { idText } from '../../collection.ts'

/** keystone/auth/schema.py, token_issue; what it does not name is ignored. */
const idOrName = z
  .object({ id: idText.optional(), name: idText.optional() })
  .refine(it => it.id !== undefined || it.name !== undefined, 'id or name must be present')

const Domain = idOrName
export type DomainRef = z.output<typeof Domain>

const named = z
  .object({ id: idText.optional(), name: idText.optional(), domain: Domain.optional() })
  .refine(it => it.id !== undefined || it.name !== undefined, 'id or name must be present')
  .refine(it => it.id !== undefined || it.domain !== undefined, 'a name needs a domain')

const Project = named
export type ProjectRef = z.output<typeof Project>

const Login = z
  .object({
    id: idText.optional(),
    name: idText.optional(),
    domain: Domain.optional(),
    password: z.string(),
  })
  .refine(it => it.id !== undefined || it.name !== undefined, 'id or name must be present')
  .refine(it => it.id !== undefined || it.domain !== undefined, 'a name needs a domain')
export type Login = z.output<typeof Login>

const Scope = z.preprocess(
  scope => (scope === 'unscoped' ? { unscoped: {} } : scope),
  z
    .object({
      project: Project.optional(),
      domain: Domain.optional(),
      system: z.object({ all: z.literal(true) }).optional(),
      unscoped: z.object({}).optional(),
    })
    .refine(
      it => Object.values(it).filter(value => value !== undefined).length === 1,
      'must be one of project, domain, system, unscoped',
    ),
)
export type Scope = z.output<typeof Scope>

export const Authenticate = z.object({
  auth: z.object({
    identity: z.object({
      methods: z.array(z.string().max(64)).min(1).max(10),
      password: z.object({ user: Login }).optional(),
      token: z.object({ id: z.string().min(1) }).optional(),
    }),
    scope: Scope.optional(),
  }),
})
export type Authenticate = z.output<typeof Authenticate>['auth']

/** Present at all means yes, whatever its value. */
export const NoCatalog = z.object({ nocatalog: z.string().optional() })

export const TokenReply = z.object({
  token: z.object({
    methods: z.array(z.string()),
    user: z.object({}),
    audit_ids: z.array(z.string()),
    expires_at: z.string(),
    issued_at: z.string(),
  }),
})
