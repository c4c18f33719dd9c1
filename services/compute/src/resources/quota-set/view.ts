import { type Limits, RESOURCES, type Resource } from './quota.ts'
import { shownInClass, shownInSet } from './schema.ts'
import type { ProjectQuota } from './service.ts'

const pick = <T>(
  microversion: number,
  shown: (name: Resource, microversion: number) => boolean,
  read: (name: Resource) => T,
): Record<string, T> =>
  Object.fromEntries(RESOURCES.filter(name => shown(name, microversion)).map(name => [name, read(name)]))

export const viewQuotaSet = (limits: Limits, microversion: number) =>
  pick(microversion, shownInSet, name => limits[name])

/** Only what is counted per project is ever in use; nothing is reserved. */
export const viewQuotaDetail = ({ limits, used }: ProjectQuota, microversion: number) =>
  pick(microversion, shownInSet, name => ({
    limit: limits[name],
    in_use: (used as Partial<Limits>)[name] ?? 0,
    reserved: 0,
  }))

export const viewQuotaClassSet = (limits: Limits, microversion: number) =>
  pick(microversion, shownInClass, name => limits[name])
