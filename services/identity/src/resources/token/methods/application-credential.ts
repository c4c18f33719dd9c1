import { z } from 'zod'
import { idText } from '../../../collection.ts'
import { refuse } from '../../../login/refusal.ts'
import type { ApplicationCredentialService } from '../../application-credential/service.ts'
import { Domain } from '../scope.ts'
import type { Method } from './method.ts'

export const ApplicationCredentialBlock = z
  .object({
    id: idText.optional(),
    name: idText.optional(),
    user: z
      .object({ id: idText.optional(), name: idText.optional(), domain: Domain.optional() })
      .refine(it => it.id !== undefined || it.name !== undefined, 'id or name must be present')
      .refine(it => it.id !== undefined || it.domain !== undefined, 'a name needs a domain')
      .optional(),
    secret: z.string(),
  })
  .refine(it => it.id !== undefined || it.name !== undefined, 'id or name must be present')
  .refine(it => it.id !== undefined || it.user !== undefined, 'a name needs a user')
type ApplicationCredentialBlock = z.output<typeof ApplicationCredentialBlock>

/** keystone/auth/plugins/application_credential.py */
export const applicationCredentialMethod = (
  credentials: Pick<ApplicationCredentialService, 'login'>,
): Method<ApplicationCredentialBlock> => ({
  async prove({ secret, ...ref }) {
    const found = await credentials.login(ref, secret)
    if (!found) throw refuse('wrong-secret', null, null)
    const { id, name, project_id, unrestricted, expires_at_us, access_rules } = found
    return {
      userId: found.user_id,
      methods: ['application_credential'],
      delegation: {
        kind: 'application-credential',
        id,
        target: project_id === null ? { kind: 'system' } : { kind: 'project', ref: { id: project_id } },
        roleIds: found.role_ids,
        expiresAt: expires_at_us === null ? null : expires_at_us / 1_000,
        claims: {
          ac: {
            id,
            n: name,
            ...(unrestricted ? { u: 1 } : {}),
            ...(access_rules.length > 0 ? { ar: access_rules } : {}),
          },
        },
      },
    }
  },
})
