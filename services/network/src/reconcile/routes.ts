import { type Route, route } from '@caelum/http'
import type { Reconciler } from './reconciler.ts'

/** Our own extension, for operators: `nb_cfg` is what we wrote, `sb_cfg` what northd took over, `hv_cfg` what every host did. */
export const ovnRoutes = (reconciler: Reconciler): Route[] => [
  route({
    operation: 'network:ovn:show',
    method: 'GET',
    path: '/x/ovn',
    summary: 'How far OVN is behind',
    handle: () => ({ ovn: reconciler.status }),
  }),
]
