import { can } from '@caelum/http'
import type { Ctx } from '@caelum/kernel'
import { isOwner, requireAccess } from '../../access.ts'
import { errors } from '../../errors.ts'
import type { ListingQuery } from '../../listing/query.ts'
import { rollUp } from '../../listing/roll-up.ts'
import { changedMetadata, type MetadataChange } from '../../metadata.ts'
import { policy } from '../../policy.ts'
import type { Account, AccountStore } from './store.ts'

export type { Account, ListedContainer } from './store.ts'
export type AccountService = ReturnType<typeof accountService>

/** An account is there as soon as its project is: nobody creates it. */
export const accountService = (store: AccountStore) => ({
  async get(ctx: Ctx, operation: string, projectId: string | undefined): Promise<Account> {
    const own = checked(ctx, operation, projectId)
    const account = await store.get(own)
    return isOwner(ctx, own) ? account : { ...account, metadata: withoutKeys(account.metadata) }
  },

  list: (projectId: string, query: ListingQuery) =>
    rollUp(query, (bounds, limit) => store.containers(projectId, bounds, query.reverse, limit)),

  async update(ctx: Ctx, projectId: string | undefined, change: MetadataChange): Promise<void> {
    const own = checked(ctx, 'object-storage:accounts:update', projectId)
    const touched = [...Object.keys(change.set), ...change.remove]
    if (touched.includes('quota-bytes') && !can(policy, ctx, 'object-storage:accounts:set-quota'))
      throw errors.forbidden()
    if (change.set['quota-bytes'] && !/^\d{1,15}$/.test(change.set['quota-bytes']))
      throw errors.badRequest('Invalid quota-bytes.')
    await store.change(own, ctx.clock.now(), metadata => changedMetadata(metadata, change))
  },

  bytesUsed: async (projectId: string): Promise<number> => (await store.get(projectId)).bytes,
})

function checked(ctx: Ctx, operation: string, projectId: string | undefined): string {
  requireAccess(ctx, operation, projectId)
  return projectId ?? ''
}

/** Keys of temporary URLs are for owners (Swift's `swift_owner_headers`). */
const withoutKeys = (metadata: Record<string, string>) =>
  Object.fromEntries(Object.entries(metadata).filter(([name]) => !name.startsWith('temp-url-key')))
