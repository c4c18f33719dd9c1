import { authorize, can } from '@caelum/http'
import { type Ctx, newHexId } from '@caelum/kernel'
import { mergeExtra, splitExtra } from '../../collection.ts'
import { refuseLent } from '../../delegated.ts'
import { errors } from '../../errors.ts'
import { policy } from '../../policy.ts'
import type { Sealing } from '../../signing/seal.ts'
import { EC2, idOfAccess, isEc2, parseKeyPair, sealName } from './blob.ts'
import type { ChangeCredential, CreateCredential, ListCredentials } from './schema.ts'
import type { CredentialStore, Credential as Row } from './store.ts'

/** With its text in the clear. */
export interface Credential extends Omit<Row, 'blob_sealed'> {
  blob: string
}

const FIELDS = ['user_id', 'project_id', 'type', 'blob'] as const
/** What ties an EC2 key pair to a delegation is not for its owner to change. */
const TIES = ['trust_id', 'app_cred_id', 'access_token_id', 'access_id'] as const

export const credentialService = (store: CredentialStore, sealing: Sealing) => {
  const sealed = (id: string, blob: string) => sealing.seal(sealName(id), Buffer.from(blob))
  const opened = ({ blob_sealed, ...row }: Row): Credential => ({
    ...row,
    blob: sealing.unseal(sealName(row.id), blob_sealed).toString(),
  })

  return {
    /** @throws Problem 400 for an EC2 key pair without an access key or a project, 404 without an owner, 409 twice */
    async create(ctx: Ctx, body: CreateCredential): Promise<Credential> {
      refuseLent(ctx, 'credentials')
      const { fields, extra } = splitExtra(body, FIELDS)
      authorize(policy, ctx, 'identity:credentials:create', { userId: fields.user_id })
      if (isEc2(fields.type) && !fields.project_id)
        throw errors.badRequest('An ec2 credential needs a project_id.')
      const id = isEc2(fields.type) ? idOfAccess(parseKeyPair(fields.blob).access) : newHexId()
      const made = await store.insert({
        id,
        user_id: fields.user_id,
        project_id: fields.project_id ?? null,
        type: kindOf(fields.type),
        blob_sealed: sealed(id, fields.blob),
        extra,
        created_at: ctx.clock.now(),
      })
      if (made === 'taken') throw errors.accessTaken()
      if (made === 'no-owner') throw errors.noOwner()
      return opened(made)
    },

    /** Somebody without a right to all sees their own. */
    async list(ctx: Ctx, query: ListCredentials): Promise<Credential[]> {
      const all = can(policy, ctx, 'identity:credentials:list', {})
      return (await store.list(query, all ? null : ctx.caller.userId)).map(opened)
    },

    async get(ctx: Ctx, id: string): Promise<Credential> {
      const row = await store.get(id)
      authorize(policy, ctx, 'identity:credentials:show', { userId: row?.user_id })
      return opened(found(row, id))
    },

    /** Neither may it be somebody else's before nor after. */
    async update(ctx: Ctx, id: string, body: ChangeCredential): Promise<Credential> {
      refuseLent(ctx, 'credentials')
      const { fields, extra } = splitExtra(body, FIELDS)
      authorize(policy, ctx, 'identity:credentials:update', { userId: (await store.get(id))?.user_id })
      const updated = await store.update(id, row => {
        const { blob, type, ...columns } = fields
        const after = { ...opened(row), ...fields }
        for (const userId of [row.user_id, after.user_id])
          authorize(policy, ctx, 'identity:credentials:update', { userId })
        if (isEc2(after.type)) checkKeyPair(row, opened(row).blob, after)
        return {
          ...columns,
          ...(type === undefined ? {} : { type: kindOf(type) }),
          ...(blob === undefined ? {} : { blob_sealed: sealed(id, blob) }),
          extra: mergeExtra(row.extra, extra),
        }
      })
      if (updated === 'no-owner') throw errors.noOwner()
      return opened(found(updated === 'not-found' ? null : updated, id))
    },

    async remove(ctx: Ctx, id: string): Promise<void> {
      refuseLent(ctx, 'credentials')
      authorize(policy, ctx, 'identity:credentials:delete', { userId: (await store.get(id))?.user_id })
      if (!(await store.remove(id))) throw errors.notFound('credential', id)
    },

    /** For the service itself: whoever asks has proven their right in another way, or wants to. */
    async find(id: string): Promise<Credential | null> {
      const row = await store.get(id)
      return row && opened(row)
    },

    /** of one type, of one user; the rights are looked at by the caller */
    async ofUser(userId: string, type: string): Promise<Credential[]> {
      return (await store.list({ type }, userId)).map(opened)
    },
  }
}

export type CredentialService = ReturnType<typeof credentialService>

const kindOf = (type: string): string => (isEc2(type) ? EC2 : type)

function found(row: Row | null, id: string): Row {
  if (!row) throw errors.notFound('credential', id)
  return row
}

function checkKeyPair(row: Row, blobBefore: string, after: Pick<Credential, 'project_id' | 'blob'>): void {
  if (!after.project_id) throw errors.badRequest('An ec2 credential needs a project_id.')
  const { rest } = parseKeyPair(after.blob)
  const before = isEc2(row.type) ? parseKeyPair(blobBefore).rest : {}
  for (const tie of TIES) if ((rest[tie] ?? null) !== (before[tie] ?? null)) throw errors.cannotChange(tie)
}
