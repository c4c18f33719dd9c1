import type { Ctx } from '@caelum/kernel'
import { linkTo } from '../../collection.ts'
import { parseKeyPair } from '../credential/blob.ts'
import type { Credential } from '../credential/service.ts'

/** keystone/api/users.py, _convert_v3_to_ec2_credential */
export function viewKeyPair(ctx: Ctx, row: Credential) {
  const { access, secret, rest } = parseKeyPair(row.blob)
  return {
    user_id: row.user_id,
    tenant_id: row.project_id,
    access,
    secret: secret ?? null,
    trust_id: rest['trust_id'] ?? null,
    links: linkTo(ctx, `users/${row.user_id}/credentials/OS-EC2/${access}`),
  }
}
