import { can } from '@caelum/http'
import type { Ctx } from '@caelum/kernel'
import { linksOf } from '../../links.ts'
import { policy } from '../../policy.ts'
import type { Flavor } from './store.ts'

/** `description` appears with 2.55 (nova/api/openstack/compute/views/flavors.py). */
export const viewBrief = (ctx: Ctx, row: Flavor) => ({
  id: row.id,
  name: row.name,
  links: linksOf(ctx, 'flavors', row.id),
  ...(ctx.microversion >= 55 ? { description: row.description } : {}),
})

/** `extra_specs` appear with 2.61 for who may list them; no swap is `''` until 2.74 and 0 from 2.75 on. */
export const viewFull = (ctx: Ctx, row: Flavor) => ({
  ...viewBrief(ctx, row),
  ram: row.ram_mb,
  disk: row.disk_gb,
  swap: row.swap_mb || (ctx.microversion >= 75 ? 0 : ''),
  'OS-FLV-EXT-DATA:ephemeral': row.ephemeral_gb,
  'OS-FLV-DISABLED:disabled': row.is_disabled,
  vcpus: row.vcpus,
  'os-flavor-access:is_public': row.is_public,
  rxtx_factor: row.rxtx_factor,
  ...(ctx.microversion >= 61 && can(policy, ctx, 'compute:flavor_extra_specs:list')
    ? { extra_specs: row.extra_specs }
    : {}),
})

export const viewAccess = (flavorId: string, projects: readonly string[]) => ({
  flavor_access: projects.map(project => ({ flavor_id: flavorId, tenant_id: project })),
})
