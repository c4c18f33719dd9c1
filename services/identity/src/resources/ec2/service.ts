/** EC2 key pairs: credentials of type `ec2` that we choose the keys of, under the user they belong to. */
import { randomBytes } from 'node:crypto'
import { authorize } from '@caelum/http'
import type { Ctx } from '@caelum/kernel'
import { errors } from '../../errors.ts'
import { policy } from '../../policy.ts'
import { EC2, idOfAccess, isEc2 } from '../credential/blob.ts'
import type { Credential, CredentialService } from '../credential/service.ts'
import type { UserService } from '../user/service.ts'

export const ec2Service = (
  credentials: Pick<CredentialService, 'create' | 'find' | 'ofUser' | 'remove'>,
  users: Pick<UserService, 'mustBe'>,
) => {
  async function own(userId: string, access: string): Promise<Credential> {
    const row = await credentials.find(idOfAccess(access))
    if (!row || row.user_id !== userId || !isEc2(row.type)) throw errors.notFound('credential', access)
    return row
  }

  return {
    /** @throws Problem 404 when there is no such user or project */
    async create(ctx: Ctx, userId: string, projectId: string): Promise<Credential> {
      authorize(policy, ctx, 'identity:ec2_credentials:create', { userId })
      const [access, secret] = [randomBytes(16).toString('hex'), randomBytes(16).toString('hex')]
      const blob = JSON.stringify({ access, secret, trust_id: null })
      return credentials.create(ctx, { user_id: userId, project_id: projectId, type: EC2, blob })
    },

    async list(ctx: Ctx, userId: string): Promise<Credential[]> {
      authorize(policy, ctx, 'identity:ec2_credentials:list', { userId })
      await users.mustBe(userId)
      return credentials.ofUser(userId, EC2)
    },

    get(ctx: Ctx, userId: string, access: string): Promise<Credential> {
      authorize(policy, ctx, 'identity:ec2_credentials:show', { userId })
      return own(userId, access)
    },

    async remove(ctx: Ctx, userId: string, access: string): Promise<void> {
      authorize(policy, ctx, 'identity:ec2_credentials:delete', { userId })
      await credentials.remove(ctx, (await own(userId, access)).id)
    },
  }
}

export type Ec2Service = ReturnType<typeof ec2Service>
