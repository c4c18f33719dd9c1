/** Neutron's defaults (neutron/conf/quota.py); -1 means no limit. */
export const DEFAULT_LIMITS = {
  network: 100,
  subnet: 100,
  port: 500,
  security_group: 10,
  security_group_rule: 100,
} as const

export type QuotaResource = keyof typeof DEFAULT_LIMITS
export const quotaResources = Object.keys(DEFAULT_LIMITS) as QuotaResource[]
