/** virDomainState and its reasons (libvirt: include/libvirt/libvirt-domain.h), in order of their numbers. */
const STATES = [
  'nostate',
  'running',
  'blocked',
  'paused',
  'shutdown',
  'shutoff',
  'crashed',
  'pmsuspended',
] as const
export type DomainState = (typeof STATES)[number]

const SHUTOFF_REASONS = [
  'unknown',
  'shutdown',
  'destroyed',
  'crashed',
  'migrated',
  'saved',
  'failed',
  'from-snapshot',
  'daemon',
] as const
export type ShutoffReason = (typeof SHUTOFF_REASONS)[number]

/** The reason is named only where it steers us; otherwise it is null. */
export interface StateAndReason {
  state: DomainState
  shutoffReason: ShutoffReason | null
}

export const readState = (state: number, reason: number): StateAndReason => {
  const name = STATES[state] ?? 'nostate'
  return { state: name, shutoffReason: name === 'shutoff' ? (SHUTOFF_REASONS[reason] ?? 'unknown') : null }
}

const LIFECYCLE_EVENTS = [
  'defined',
  'undefined',
  'started',
  'suspended',
  'resumed',
  'stopped',
  'shutdown',
  'pmsuspended',
  'crashed',
] as const
export type LifecycleEventName = (typeof LIFECYCLE_EVENTS)[number] | 'unknown'

/** virDomainEventShutdownDetailType: QEMU was told to end, by SIGTERM for one; not the guest's doing. */
export const SHUTDOWN_BY_HOST = 2

export const readLifecycleEvent = (event: number): LifecycleEventName => LIFECYCLE_EVENTS[event] ?? 'unknown'

/** virDomainMemoryStatTags; sizes in KiB. */
const MEMORY_STATS = [
  'swap_in',
  'swap_out',
  'major_fault',
  'minor_fault',
  'unused',
  'available',
  'actual_balloon',
  'rss',
  'usable',
  'last_update',
  'disk_caches',
  'hugetlb_pgalloc',
  'hugetlb_pgfail',
] as const
export type MemoryStat = (typeof MEMORY_STATS)[number]

export const MEMORY_STAT_COUNT = MEMORY_STATS.length
export const memoryStatName = (tag: number): MemoryStat | null => MEMORY_STATS[tag] ?? null
