import { type Route, route } from '@caelum/http'
import type { Limits } from '../../config.ts'
import { constraints } from '../../constraints.ts'

/** What this object storage can do, and how much; only what is really there is named. */
export const infoRoutes = (limits: Limits): Route[] => [
  route({
    operation: 'object-storage:info:show',
    method: 'GET',
    path: '/info',
    summary: 'Capabilities and limits',
    access: 'public',
    handle: () => ({
      swift: { version: '2.35.0', max_file_size: limits.maxBytes, ...constraints },
      container_quotas: {},
      account_quotas: {},
    }),
  }),
]
