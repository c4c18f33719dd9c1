import { type Route, route } from '@caelum/http'
import { STORE } from '../image/schema.ts'
import type { ImageService } from '../image/service.ts'

/** What this image service can do (glance/api/v2/discovery.py), as it is. */
export const infoRoutes = (images: ImageService): Route[] => [
  route({
    operation: 'image:info:import',
    method: 'GET',
    path: '/v2/info/import',
    summary: 'Import methods',
    handle: () => ({
      'import-methods': { description: 'Import methods available.', type: 'array', value: [] },
    }),
  }),
  route({
    operation: 'image:info:stores',
    method: 'GET',
    path: '/v2/info/stores',
    summary: 'Where data can be kept',
    handle: () => ({ stores: [{ id: STORE, description: 'Local file system', default: 'true' }] }),
  }),
  route({
    operation: 'image:info:usage',
    method: 'GET',
    path: '/v2/info/usage',
    summary: 'Limits of the project and how much of them is used; sizes in MiB',
    handle: async ctx => ({ usage: await images.usage(ctx) }),
  }),
]
