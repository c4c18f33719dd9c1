import { authorize } from '@caelum/http'
import { type Ctx, problems } from '@caelum/kernel'
import { errors } from '../../errors.ts'
import { policy } from '../../policy.ts'
import { DEFAULT_LIMITS, exceeded, type Limits, RESOURCES, type Usage } from './quota.ts'
import { ownerOfClass, type QuotaTransaction, quotaStore, type Tx } from './store.ts'

const DEFAULT_CLASS = ownerOfClass('default')

/** What a project may use: its own limits, else the default class's, else the built-in ones. */
export const limitsOf = async (tx: Tx, projectId: string): Promise<Limits> => ({
  ...DEFAULT_LIMITS,
  ...(await quotaStore(tx).overrides(DEFAULT_CLASS, projectId)),
})

/** What a project uses now: counted, never kept. */
export const countUsage = (tx: Tx, projectId: string): Promise<Usage> => quotaStore(tx).usage(projectId)

export interface Excess {
  name: keyof Usage
  asked: number
  used: number
  limit: number
}

export interface Room {
  limits: Limits
  /** empty: there is room */
  over: Excess[]
}

/**
 * What of that much more the project may not have. Others that claim for the same project wait until this transaction
 * ends, so two requests cannot both take the last place. The caller inserts its rows after this, in the same
 * transaction at READ COMMITTED: a snapshot from before the lock would not see theirs.
 */
export async function checkRoom(tx: Tx, projectId: string, asked: Partial<Usage>): Promise<Room> {
  await quotaStore(tx).lock(projectId)
  const limits = await limitsOf(tx, projectId)
  const used = await countUsage(tx, projectId)
  const over = exceeded(limits, used, asked).map(name => ({
    name,
    asked: asked[name] ?? 0,
    used: used[name],
    limit: limits[name],
  }))
  return { limits, over }
}

/**
 * Lets the caller's transaction go on only if the project may have that many more servers, each with that metadata;
 * see `checkRoom`.
 *
 * @throws Problem 403 with Nova's words (nova/compute/utils.py, check_num_instances_quota)
 */
export async function checkQuota(
  tx: Tx,
  projectId: string,
  asked: { instances: number; cores: number; ram_mb: number; metadata: object },
): Promise<void> {
  const { instances, cores, ram_mb: ram, metadata } = asked
  const { limits, over } = await checkRoom(tx, projectId, { instances, cores, ram })
  if (over.length > 0) throw errors.quotaExceeded(over)
  checkMetadata(limits, metadata)
}

/** @throws Problem 403 when a server may not have that much metadata */
export function checkMetadata({ metadata_items: most }: Limits, metadata: object): void {
  if (most >= 0 && Object.keys(metadata).length > most) throw errors.metadataLimit(most)
}

export interface ProjectQuota {
  limits: Limits
  used: Usage
}

export type QuotaService = ReturnType<typeof quotaService>

/** nova/api/openstack/compute/quota_sets.py and quota_classes.py */
export const quotaService = (transaction: QuotaTransaction) => ({
  async get(ctx: Ctx, operation: string, projectId: string): Promise<ProjectQuota> {
    authorize(policy, ctx, operation, { projectId })
    return transaction(async tx => ({
      limits: await limitsOf(tx, projectId),
      used: await countUsage(tx, projectId),
    }))
  },

  limitsOfProject: (projectId: string): Promise<Limits> => transaction(tx => limitsOf(tx, projectId)),

  /** Without `force` a limit may not go below what is used already. */
  update: (projectId: string, limits: Partial<Limits>, force: boolean): Promise<Limits> =>
    transaction(async tx => {
      const store = quotaStore(tx)
      await store.lock(projectId)
      const used: Partial<Limits> = await store.usage(projectId)
      for (const name of RESOURCES) {
        const limit = limits[name] ?? -1
        if (!force && limit >= 0 && limit < (used[name] ?? 0))
          throw problems.badRequest(
            `Quota limit ${limit} for ${name} must be greater than or equal to already used and reserved ${used[name]}.`,
          )
      }
      await store.override(projectId, limits)
      return limitsOf(tx, projectId)
    }),

  remove: (projectId: string): Promise<void> => transaction(tx => quotaStore(tx).clear(projectId)),

  limitsOfClass: async (name: string): Promise<Limits> => ({
    ...DEFAULT_LIMITS,
    ...(await transaction(tx => quotaStore(tx).overrides(ownerOfClass(name)))),
  }),

  async updateClass(name: string, limits: Partial<Limits>): Promise<Limits> {
    await transaction(tx => quotaStore(tx).override(ownerOfClass(name), limits))
    return this.limitsOfClass(name)
  },
})
