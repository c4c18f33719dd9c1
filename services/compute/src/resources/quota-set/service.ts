import { errors } from '../../errors.ts'
import { DEFAULT_LIMITS, exceeded, type Limits, type Usage } from './quota.ts'
import { DEFAULT_CLASS, quotaStore, type Tx } from './store.ts'

/** What a project may use: its own limits, else the default class's, else the built-in ones. */
export async function limitsOf(tx: Tx, projectId: string): Promise<Limits> {
  const store = quotaStore(tx)
  return {
    ...DEFAULT_LIMITS,
    ...(await store.overrides(DEFAULT_CLASS)),
    ...(await store.overrides(projectId)),
  }
}

/** What a project uses now: counted, never kept. */
export const countUsage = (tx: Tx, projectId: string): Promise<Usage> => quotaStore(tx).usage(projectId)

/**
 * Lets the caller's transaction go on only if the project may have that much more. Others that claim for the same
 * project wait until this transaction ends, so two requests cannot both take the last place. The caller inserts its
 * rows after this, in the same transaction at READ COMMITTED: a snapshot from before the lock would not see theirs.
 *
 * @throws Problem 403 with Nova's words (nova/compute/utils.py, check_num_instances_quota)
 */
export async function checkQuota(
  tx: Tx,
  projectId: string,
  asked: { instances: number; cores: number; ram_mb: number },
): Promise<void> {
  await quotaStore(tx).lock(projectId)
  const limits = await limitsOf(tx, projectId)
  const used = await countUsage(tx, projectId)
  const more = { instances: asked.instances, cores: asked.cores, ram: asked.ram_mb }
  const over = exceeded(limits, used, more)
  if (over.length === 0) return
  throw errors.quotaExceeded(
    over.map(name => ({
      name,
      asked: more[name as keyof typeof more],
      used: used[name],
      limit: limits[name],
    })),
  )
}
