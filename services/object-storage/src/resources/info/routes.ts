import { type Route, route } from '@caelum/http'
import type { Limits } from '../../config.ts'
import { constraints, STORAGE_POLICY } from '../../constraints.ts'

/** What this object storage can do, and how much; only what is really there is named. */
export const infoRoutes = (limits: Limits): Route[] => [
  route({
    operation: 'object-storage:info:show',
    method: 'GET',
    path: '/info',
    summary: 'Capabilities and limits',
    access: 'public',
    handle: () => ({
      swift: {
        version: '2.35.0',
        max_file_size: limits.maxBytes,
        policies: [{ name: STORAGE_POLICY, default: true, aliases: STORAGE_POLICY }],
        ...constraints,
      },
      container_quotas: {},
      account_quotas: {},
    }),
  }),
  route({
    operation: 'object-storage:healthcheck:show',
    method: 'GET',
    path: '/healthcheck',
    summary: 'Whether the service answers',
    access: 'public',
    handle: (_ctx, _input, reply) => reply.type('text/plain').send('OK'),
  }),
]
