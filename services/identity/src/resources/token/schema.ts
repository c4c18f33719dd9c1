import { z } from 'zod'
import { ApplicationCredentialBlock } from './methods/application-credential.ts'
import { OAuth1Block } from './methods/oauth1.ts'
import { PasswordBlock } from './methods/password.ts'
import { TokenBlock } from './methods/token.ts'
import { TotpBlock } from './methods/totp.ts'
import { Scope } from './scope.ts'

/** keystone/auth/schema.py, token_issue; what it does not name is ignored. */
export const Authenticate = z.object({
  auth: z.object({
    identity: z.object({
      methods: z.array(z.string().max(64)).min(1).max(10),
      application_credential: ApplicationCredentialBlock.optional(),
      oauth1: OAuth1Block.optional(),
      password: PasswordBlock.optional(),
      token: TokenBlock.optional(),
      totp: TotpBlock.optional(),
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
