import type { ProjectQuota } from '../quota-set/service.ts'

interface Key {
  name: string
  read: (quota: ProjectQuota) => number
  /** last microversion that shows it */
  until?: number
}

/** The network's are not ours to count: none is in use here. */
const NONE = () => 0

/** nova/api/openstack/compute/views/limits.py; which key went when: limits.py beside it. */
const KEYS: readonly Key[] = [
  { name: 'maxTotalRAMSize', read: q => q.limits.ram },
  { name: 'maxTotalInstances', read: q => q.limits.instances },
  { name: 'maxTotalCores', read: q => q.limits.cores },
  { name: 'maxTotalKeypairs', read: q => q.limits.key_pairs },
  { name: 'maxServerMeta', read: q => q.limits.metadata_items },
  { name: 'maxServerGroups', read: q => q.limits.server_groups },
  { name: 'maxServerGroupMembers', read: q => q.limits.server_group_members },
  { name: 'maxImageMeta', until: 38, read: q => q.limits.metadata_items },
  { name: 'maxPersonality', until: 56, read: q => q.limits.injected_files },
  { name: 'maxPersonalitySize', until: 56, read: q => q.limits.injected_file_content_bytes },
  { name: 'maxTotalFloatingIps', until: 35, read: q => q.limits.floating_ips },
  { name: 'maxSecurityGroups', until: 35, read: q => q.limits.security_groups },
  { name: 'maxSecurityGroupRules', until: 35, read: q => q.limits.security_group_rules },
  { name: 'totalRAMUsed', read: q => q.used.ram },
  { name: 'totalCoresUsed', read: q => q.used.cores },
  { name: 'totalInstancesUsed', read: q => q.used.instances },
  { name: 'totalServerGroupsUsed', read: q => q.used.server_groups },
  { name: 'totalFloatingIpsUsed', until: 35, read: NONE },
  { name: 'totalSecurityGroupsUsed', until: 35, read: NONE },
]

export const viewLimits = (quota: ProjectQuota, microversion: number) => ({
  limits: {
    rate: [],
    absolute: Object.fromEntries(
      KEYS.filter(key => microversion <= (key.until ?? Number.POSITIVE_INFINITY)).map(key => [
        key.name,
        key.read(quota),
      ]),
    ),
  },
})
