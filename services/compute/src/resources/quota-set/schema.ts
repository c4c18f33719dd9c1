import { type Gate, gatedObject, until } from '@caelum/http'
import { z } from 'zod'
import { looseBoolean, looseInt } from '../../fields.ts'
import { type Limits, RESOURCES, type Resource } from './quota.ts'

/**
 * Which limits the API shows until which microversion: those of nova-network went first, then those of injected
 * files (nova/api/openstack/compute/quota_sets.py, quota_classes.py).
 */
const NETWORK: readonly Resource[] = ['fixed_ips', 'floating_ips', 'security_group_rules', 'security_groups']
const INJECTED: readonly Resource[] = [
  'injected_file_content_bytes',
  'injected_file_path_bytes',
  'injected_files',
]

const lastVersion = (name: Resource, networkUntil: number) =>
  NETWORK.includes(name) ? networkUntil : INJECTED.includes(name) ? 56 : Number.POSITIVE_INFINITY

const SETS_NETWORK_UNTIL = 35
const CLASSES_NETWORK_UNTIL = 49

export const shownInSet = (name: Resource, microversion: number): boolean =>
  microversion <= lastVersion(name, SETS_NETWORK_UNTIL)

/** Classes show the limits of server groups only from 2.50 on. */
export const shownInClass = (name: Resource, microversion: number): boolean =>
  microversion <= lastVersion(name, CLASSES_NETWORK_UNTIL) &&
  (microversion >= 50 || !name.startsWith('server_group'))

const limit = looseInt(-1).optional()
const limitFields = (networkUntil: number) =>
  Object.fromEntries(RESOURCES.map(name => [name, until(lastVersion(name, networkUntil), limit)])) as Record<
    Resource,
    Gate<typeof limit>
  >

const quotaSet = gatedObject({
  ...limitFields(SETS_NETWORK_UNTIL),
  force: looseBoolean().default(false),
})
export const UpdateQuotaSet = (microversion: number) => z.strictObject({ quota_set: quotaSet(microversion) })

const quotaClassSet = gatedObject(limitFields(CLASSES_NETWORK_UNTIL))
export const UpdateQuotaClassSet = (microversion: number) =>
  z.strictObject({ quota_class_set: quotaClassSet(microversion) })

/** The limits that were given. */
export const givenLimits = (body: { [Name in Resource]?: number | undefined }): Partial<Limits> =>
  Object.fromEntries(RESOURCES.filter(name => body[name] !== undefined).map(name => [name, body[name] ?? -1]))

export const QuotaQuery = gatedObject({ user_id: z.string().max(255).optional() }, 75)
export const QuotaOwner = z.object({ id: z.string().min(1).max(255) })

const limits = z.record(z.string(), z.union([z.int(), z.string()]))
export const QuotaSetReply = z.object({ quota_set: limits })
export const QuotaClassSetReply = z.object({ quota_class_set: limits })
export const QuotaDetailReply = z.object({
  quota_set: z.record(
    z.string(),
    z.union([z.string(), z.object({ limit: z.int(), in_use: z.int(), reserved: z.int() })]),
  ),
})
